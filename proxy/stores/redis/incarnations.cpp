// A small table behind a mutex; the hot path looks at its version.
#include "proxy/stores/redis/incarnations.hpp"

namespace proxy::stores::redis {

namespace {

// Shorter than the silence after which others do without this proxy (restorer.cpp).
constexpr std::int64_t there_ms = 10'000;

std::int64_t steady_ms() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

} // namespace

void incarnations::met(const place& at, const std::string& replid) {
  {
    const std::lock_guard guard(lock_);
    process& one = by_place_[at];
    if (one.replid == replid)
      return;
    close(one);
    one = {.replid = replid};
    ++version_;
  }
  if (wake_)
    wake_();
}

incarnations::opening incarnations::open(const std::string& replid, bool& known) const {
  const std::lock_guard guard(lock_);
  known = false;
  for (const auto& [_, one] : by_place_)
    if (one.replid == replid) {
      known = true;
      return one.open;
    }
  return nullptr;
}

void incarnations::doubt(const place& at) {
  {
    const std::lock_guard guard(lock_);
    const auto found = by_place_.find(at);
    if (found == by_place_.end() || !found->second.open || found->second.doubted)
      return;
    found->second.doubted = true;
  }
  if (wake_)
    wake_();
}

bool incarnations::believed_there() const {
  return sharded_ || steady_ms() - told_at_ms_.load(std::memory_order_relaxed) < there_ms;
}

void incarnations::was_told_of() {
  told_at_ms_.store(steady_ms(), std::memory_order_relaxed);
}

std::vector<incarnations::standing> incarnations::all() const {
  const std::lock_guard guard(lock_);
  std::vector<standing> list;
  for (const auto& [at, one] : by_place_)
    list.push_back({at, one.replid, one.open != nullptr, one.doubted});
  return list;
}

void incarnations::let(const std::string& replid) {
  const std::lock_guard guard(lock_);
  for (auto& [_, one] : by_place_)
    if (one.replid == replid && !one.open) {
      one.open = &openings_.emplace_back(true);
      one.doubted = false;
      ++version_;
    }
}

std::atomic<bool>* incarnations::close(process& one) {
  std::atomic<bool>* const was = std::exchange(one.open, nullptr);
  if (was)
    was->store(false);
  return was;
}

bool incarnations::stop(const std::string& replid) {
  const std::lock_guard guard(lock_);
  bool stopped = false;
  for (auto& [_, one] : by_place_)
    if (one.replid == replid && close(one)) {
      ++version_;
      stopped = true;
    }
  return stopped;
}

void incarnations::forget(const place& at) {
  const std::lock_guard guard(lock_);
  const auto found = by_place_.find(at);
  if (found == by_place_.end())
    return;
  close(found->second);
  by_place_.erase(found);
  ++version_;
}

} // namespace proxy::stores::redis
