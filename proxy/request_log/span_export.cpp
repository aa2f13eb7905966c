// Calls of OTLP/HTTP.
#include "proxy/request_log/span_export.hpp"

#include <spdlog/spdlog.h>

#include "proxy/request_log/wording.hpp"
#include "proxy/secrets/https_call.hpp"

namespace proxy::request_log {

span_export::span_export(std::string url)
    : url_(std::move(url)), body_(std::make_unique_for_overwrite<char[]>(call_bytes)),
      end_(body_.get()) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

span_export::~span_export() {
  flush();
  thread_.request_stop();
  thread_.join();
}

void span_export::add(const session::ended_request& one) {
  const std::string_view before = spans_ == 0 ? export_begin : ",";
  end_ = std::copy(before.begin(), before.end(), end_);
  end_ = write_span(end_, one);
  ++spans_;
  constexpr std::size_t kept_free = words_bytes_max + 1 + export_end.size();
  const auto used = static_cast<std::size_t>(end_ - body_.get());
  if (spans_ == spans_a_call || call_bytes - used < kept_free)
    flush();
}

void span_export::flush() {
  if (spans_ == 0)
    return;
  end_ = std::copy(export_end.begin(), export_end.end(), end_);
  call ready{{body_.get(), end_}, std::exchange(spans_, 0)};
  end_ = body_.get();
  const std::lock_guard guard(lock_);
  if (waiting_.size() >= calls_waiting_max) {
    dropped_.fetch_add(ready.spans, std::memory_order_relaxed);
    return;
  }
  waiting_.push_back(std::move(ready));
  more_.notify_one();
}

// At the end, a collector that does not take what it is sent is not asked again.
void span_export::run(const std::stop_token& stop) {
  for (;;) {
    std::unique_lock guard(lock_);
    more_.wait(guard, stop, [this] { return !waiting_.empty(); });
    if (waiting_.empty())
      return;
    call next = std::move(waiting_.front());
    waiting_.pop_front();
    guard.unlock();
    if (!send(std::move(next)) && stop.stop_requested())
      return;
  }
}

bool span_export::send(call what) {
  const secrets::http_request post{.method = "POST",
                                   .url = url_,
                                   .headers = {{"Content-Type", "application/json"}},
                                   .body = std::move(what.body),
                                   .timeout = std::chrono::seconds{3}};
  const auto answer = secrets::https_call(post, {});
  const bool taken = answer && answer->status < 300;
  if (!taken)
    dropped_.fetch_add(what.spans, std::memory_order_relaxed);
  if (!taken && !failing_)
    spdlog::error("trace.url: the collector does not take spans: {}",
                  answer ? "status " + std::to_string(answer->status) : answer.error().message);
  failing_ = !taken;
  return taken;
}

} // namespace proxy::request_log
