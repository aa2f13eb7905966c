// Waiting, trying, and trying again.
#include "proxy/alerts/courier.hpp"

#include <spdlog/spdlog.h>

namespace proxy::alerts {

namespace insight = policies::insight;
using std::chrono::milliseconds;

courier::courier(const config::receiver_settings& to, std::unique_ptr<outbox> box,
                 milliseconds retry_max, std::function<policies::instant()> now, attempt how)
    : to_(to), box_(std::move(box)), retry_max_(retry_max), now_(std::move(now)),
      how_(std::move(how)) {}

void courier::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void courier::stop() {
  thread_ = {};
}

outcome<void> courier::add(const delivery& what) {
  auto done = box_->add(what);
  const std::lock_guard guard(lock_);
  woken_ = true;
  wake_.notify_one();
  return done;
}

void courier::run(const std::stop_token& stop) {
  constexpr milliseconds look_again{15'000}; // quiet hours end by the clock
  while (!stop.stop_requested()) {
    if (deliver_one(stop))
      continue;
    std::unique_lock guard(lock_);
    // What comes while the receiver is away does not make the next attempt come sooner.
    const bool away = failures_in_a_row_ > 0;
    const auto pause = away ? insight::pause_after(failures_in_a_row_, retry_max_) : look_again;
    wake_.wait_for(guard, stop, pause, [&] { return woken_ && !away; });
    woken_ = false;
  }
}

bool courier::deliver_one(const std::stop_token& stop) {
  const policies::instant now = now_();
  const auto what = box_->next(
      [&](const delivery& each) { return !insight::held_until(to_.routes, each.how, now); });
  if (!what)
    return false;
  outcome<void> done;
  try {
    done = how_(*what, stop);
  } catch (const std::exception& error) {
    done = failure{errc::upstream_unreachable, error.what()};
  }
  if (!done) {
    if (!stop.stop_requested())
      failed(*what, done.error());
    return false;
  }
  if (auto written = box_->done(what->id); !written)
    spdlog::error("{}; '{}' may reach {} once more after a restart", written.error().message,
                  what->subject, to_.name);
  const std::lock_guard guard(lock_);
  if (failures_in_a_row_ > 0)
    spdlog::info("alerts: receiver {} takes them again", to_.name);
  failures_in_a_row_ = 0;
  last_error_.clear();
  last_delivered_ = what->id;
  return true;
}

void courier::failed(const delivery& what, const failure& why) {
  const std::lock_guard guard(lock_);
  ++failures_;
  if (failures_in_a_row_++ == 0)
    spdlog::warn("alerts: receiver {} did not get '{}': {}; it is tried until it does", to_.name,
                 what.subject, why.message);
  last_error_ = why.message;
}

courier_status courier::status() const {
  static constexpr std::array<std::string_view, 4> kinds{"webhook", "slack", "email", "command"};
  const auto queue = box_->now();
  const std::lock_guard guard(lock_);
  return {to_.name,       kinds[static_cast<std::size_t>(to_.kind)], queue, failures_, last_error_,
          last_delivered_, to_.routes};
}

} // namespace proxy::alerts
