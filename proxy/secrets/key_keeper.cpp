// The keeper's thread: waits, fetches, compares.
#include "proxy/secrets/key_keeper.hpp"

#include <random>

#include <spdlog/spdlog.h>

#include "proxy/secrets/wipe.hpp"

namespace proxy::secrets {

using std::chrono::steady_clock;

key_keeper::key_keeper(std::chrono::seconds every, std::string first, ways how)
    : how_(std::move(how)), every_(every), current_(std::move(first)) {}

key_keeper::~key_keeper() {
  thread_ = {}; // asks it to stop, and joins
  wipe(current_);
}

void key_keeper::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

// Of a storm of refusals only the first takes the lock.
void key_keeper::refused() {
  if (refused_.load(std::memory_order_relaxed) || refused_.exchange(true))
    return;
  const std::lock_guard guard(lock_);
  wake_.notify_one();
}

void key_keeper::run(const std::stop_token& stop) {
  std::minstd_rand source{std::random_device{}()};
  std::uniform_real_distribution<double> random{0.0, 1.0};
  refresh_schedule schedule{every_, steady_clock::now(), random(source)};
  std::unique_lock guard(lock_);
  while (!stop.stop_requested()) {
    const auto until = std::min(schedule.due(), steady_clock::now() + std::chrono::hours{24});
    wake_.wait_until(guard, stop, until,
                     [&] { return refused_.load() && !schedule.refusal_noted(); });
    const auto now = steady_clock::now();
    if (refused_.load())
      schedule.refused(now);
    if (stop.stop_requested() || now < schedule.due())
      continue;
    refused_.store(false); // what is refused from here on may be the key that comes
    guard.unlock();
    refresh(stop);
    guard.lock();
    schedule.tried(steady_clock::now(), random(source));
  }
}

void key_keeper::refresh(const std::stop_token& stop) {
  outcome<std::string> fetched = std::string{};
  try {
    fetched = how_.fetch(stop);
  } catch (const std::exception& error) {
    fetched = failure{errc::upstream_unreachable, error.what()};
  }
  if (!fetched && stop.stop_requested())
    return; // given up
  if (!fetched) {
    failures_.fetch_add(1, std::memory_order_relaxed);
    spdlog::warn("upstream.key: cannot be fetched again, the last good one is kept: {}",
                 fetched.error().message);
    return;
  }
  if (*fetched == current_)
    return wipe(*fetched);
  wipe(current_);
  current_ = *fetched;
  how_.publish(std::move(*fetched));
  spdlog::info("upstream.key: a new key was found and is used from now on");
}

} // namespace proxy::secrets
