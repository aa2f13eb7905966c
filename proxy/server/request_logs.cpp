// One thread that writes lines and sends spans.
#include "proxy/server/request_logs.hpp"

#include <cerrno>
#include <cstring>

#include <spdlog/spdlog.h>

#include "proxy/secrets/https_call.hpp"
#include "proxy/server/request_lines.hpp"

namespace proxy::server {

outcome<std::unique_ptr<request_logs>> request_logs::open(where to) {
  std::unique_ptr<request_logs> made{new request_logs(std::move(to))};
  const std::string& file = made->to_.access;
  if (file == "stdout")
    made->file_ = stdout;
  else if (!file.empty())
    made->file_ = std::fopen(file.c_str(), "ae");
  if (!file.empty() && !made->file_)
    return failure{errc::bad_configuration,
                   "log.access: cannot open " + file + ": " + std::strerror(errno)};
  made->thread_ =
      std::jthread([self = made.get()](const std::stop_token& stop) { self->run(stop); });
  return made;
}

request_logs::~request_logs() {
  thread_.request_stop();
  more_.notify_all();
  if (thread_.joinable())
    thread_.join();
  if (file_ && file_ != stdout)
    std::fclose(file_);
}

void request_logs::ended(const session::exchange& x, policies::instant now) {
  const std::string line = file_ ? access_line(x, now) : std::string{};
  std::string span = to_.trace.empty() ? std::string{} : span_of(x, now);
  const std::lock_guard guard(lock_);
  if (!line.empty() && lines_.size() + line.size() <= lines_bytes_max)
    lines_ += line;
  else if (!line.empty())
    dropped_.fetch_add(1, std::memory_order_relaxed);
  if (!span.empty() && spans_.size() < spans_max)
    spans_.push_back(std::move(span));
  else if (!span.empty())
    dropped_.fetch_add(1, std::memory_order_relaxed);
}

// Not woken for each request: a batch every fifth of a second costs the data threads nothing.
void request_logs::run(const std::stop_token& stop) {
  constexpr std::chrono::milliseconds pause{200};
  for (bool last = false; !last;) {
    last = stop.stop_requested();
    std::string lines;
    std::vector<std::string> spans;
    {
      std::unique_lock guard(lock_);
      if (!last)
        more_.wait_for(guard, stop, pause, [] { return false; });
      lines.swap(lines_);
      spans.swap(spans_);
    }
    if (!lines.empty())
      write(lines);
    if (last && failing_) // a collector that is away does not hold up the end
      break;
    for (std::size_t at = 0; at < spans.size(); at += spans_a_call)
      send(
          {spans.begin() + static_cast<std::ptrdiff_t>(at),
           spans.begin() + static_cast<std::ptrdiff_t>(std::min(spans.size(), at + spans_a_call))});
  }
}

void request_logs::write(const std::string& lines) {
  const bool done =
      std::fwrite(lines.data(), 1, lines.size(), file_) == lines.size() && std::fflush(file_) == 0;
  if (done)
    return;
  std::clearerr(file_);
  dropped_.fetch_add(1, std::memory_order_relaxed);
  if (!std::exchange(failing_, true))
    spdlog::error("log.access: {} cannot be written: {}", to_.access, std::strerror(errno));
}

// Not tried again: the collector is told of the next ones.
void request_logs::send(const std::vector<std::string>& spans) {
  const secrets::http_request call{.method = "POST",
                                   .url = to_.trace,
                                   .headers = {{"Content-Type", "application/json"}},
                                   .body = export_of(spans),
                                   .timeout = std::chrono::seconds{3}};
  const auto answer = secrets::https_call(call, {});
  const bool taken = answer && answer->status < 300;
  if (!taken)
    dropped_.fetch_add(spans.size(), std::memory_order_relaxed);
  if (!taken && !std::exchange(failing_, true))
    spdlog::error("trace.url: the collector does not take spans: {}",
                  answer ? "status " + std::to_string(answer->status) : answer.error().message);
  if (taken)
    failing_ = false;
}

} // namespace proxy::server
