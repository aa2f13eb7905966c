// Permits and a queue. Wakes are called with the lock held: they only post to an executor.
#include "bench/simulator/gate.hpp"

#include <algorithm>

namespace simulator {

void gate::shut(std::int64_t permits) {
  const std::lock_guard lock(mutex_);
  shut_ = true;
  permits_ = permits;
  serve();
}

void gate::open() {
  const std::lock_guard lock(mutex_);
  shut_ = false;
  permits_ = 0;
  for (const auto& who : queue_)
    who->wake();
  queue_.clear();
}

void gate::release(std::int64_t permits) {
  const std::lock_guard lock(mutex_);
  permits_ += permits;
  serve();
}

bool gate::is_shut() const {
  const std::lock_guard lock(mutex_);
  return shut_;
}

std::size_t gate::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

bool gate::pass(const ticket& who, bool always) {
  const std::lock_guard lock(mutex_);
  if (!shut_ && !always)
    return true;
  if (permits_ > 0 && queue_.empty()) {
    permits_ -= 1;
    return true;
  }
  queue_.push_back(who);
  return false;
}

void gate::leave(const ticket& who) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find(queue_.begin(), queue_.end(), who);
  if (found != queue_.end()) {
    queue_.erase(found);
    return;
  }
  permits_ += 1;
  serve();
}

void gate::serve() {
  while (permits_ > 0 && !queue_.empty()) {
    permits_ -= 1;
    queue_.front()->wake();
    queue_.pop_front();
  }
}

} // namespace simulator
