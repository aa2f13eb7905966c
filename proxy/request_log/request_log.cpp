// The thread that empties the rings.
#include "proxy/request_log/request_log.hpp"

#include <cerrno>
#include <cstring>

#include <spdlog/spdlog.h>

namespace proxy::request_log {

request_log::request_log(const wanted& what)
    : batch_(std::make_unique_for_overwrite<char[]>(batch_bytes)), batch_end_(batch_.get()) {
  for (std::size_t i = 0; i < what.threads; ++i) {
    auto ring = std::make_unique<session::ended_requests>(what.queue_requests);
    ring->each = !what.access.empty();
    ring->half_full = [this] { bell_.ring(); };
    rings_.push_back(std::move(ring));
  }
}

outcome<std::unique_ptr<request_log>> request_log::open(wanted what) {
  std::unique_ptr<request_log> made{new request_log(what)};
  if (!what.access.empty()) {
    auto opened = access_file::open(what.access);
    if (!opened)
      return opened.error();
    made->file_.emplace(std::move(*opened));
  }
  if (!what.trace.empty())
    made->spans_.emplace(what.trace);
  made->thread_ =
      std::jthread([self = made.get()](const std::stop_token& stop) { self->run(stop); });
  return made;
}

request_log::~request_log() {
  if (!thread_.joinable())
    return;
  thread_.request_stop();
  bell_.ring();
  thread_.join();
}

void request_log::reopen() {
  moved_.store(true);
  bell_.ring();
}

// Not woken for each request: a batch every fifth of a second costs the data threads nothing, and
// who comes near to filling a ring earlier rings.
void request_log::run(const std::stop_token& stop) {
  constexpr std::chrono::milliseconds pause{200};
  for (bool last = false; !last;) {
    last = stop.stop_requested();
    const bool moved = moved_.exchange(false);
    try {
      tell_all(stop);
    } catch (const std::exception& error) { // no memory; the next ones may have some
      spdlog::error("log: {}", error.what());
    }
    if (moved)
      reopen_file();
    warn_of_overflow();
    if (!last)
      bell_.wait(pause);
  }
}

void request_log::tell_all(const std::stop_token& stop) {
  for (const auto& each : rings_)
    each->ring.drain([&](const session::ended_request& one) {
      if (file_) {
        batch_end_ = lines_.write(batch_end_, one);
        if (batch_.get() + batch_bytes - batch_end_ < std::ptrdiff_t{words_bytes_max})
          write(stop);
      }
      if (spans_ && has_span(one))
        spans_->add(one);
    });
  write(stop);
  if (spans_)
    spans_->flush();
}

void request_log::write(const std::stop_token& stop) {
  const std::string_view lines{batch_.get(), batch_end_};
  batch_end_ = batch_.get();
  if (!file_ || lines.empty())
    return;
  const std::size_t lost = file_->write(lines, stop);
  const int why = errno;
  if (lost > 0) {
    unwritten_.fetch_add(lost, std::memory_order_relaxed);
    if (!failing_)
      spdlog::error("log.access: cannot be written: {}", std::strerror(why));
  }
  failing_ = lost > 0;
}

void request_log::reopen_file() {
  if (!file_)
    return;
  if (const auto done = file_->reopen(); !done)
    spdlog::error("{}; the one that is open is kept", done.error().message);
}

// At most once a minute.
void request_log::warn_of_overflow() {
  const std::uint64_t all = overflowed();
  const auto now = std::chrono::steady_clock::now();
  if (all == overflow_told_ ||
      (overflow_told_ > 0 && now - overflow_told_at_ < std::chrono::minutes{1}))
    return;
  spdlog::warn(
      "log: {} requests ended faster than they could be told, and are in no access log and "
      "no span; log.queue_requests gives them more room",
      all - overflow_told_);
  overflow_told_ = all;
  overflow_told_at_ = now;
}

std::uint64_t request_log::overflowed() const {
  std::uint64_t all = 0;
  for (const auto& each : rings_)
    all += each->dropped.get();
  return all;
}

std::uint64_t request_log::dropped() const {
  return overflowed() + unwritten_.load(std::memory_order_relaxed) +
         (spans_ ? spans_->dropped() : 0);
}

} // namespace proxy::request_log
