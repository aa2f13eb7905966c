// Lines under one lock; who is called wakes up on its own loop.
#include "proxy/session/waiting_line.hpp"

#include <algorithm>

namespace proxy::session {

bool waiting_line::anyone(policies::key_id key) const {
  if (size() == 0)
    return false;
  const std::lock_guard guard(lock_);
  return lines_.contains(key.value);
}

bool waiting_line::enter(place& who, bool in_front) {
  const std::lock_guard guard(lock_);
  const auto found = lines_.find(who.key.value);
  if (size() >= most_.all || (found != lines_.end() && found->second.size() >= most_.each) ||
      most_.each == 0)
    return false;
  std::deque<place*>& line = lines_[who.key.value];
  if (in_front)
    line.push_front(&who);
  else
    line.push_back(&who);
  size_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

bool waiting_line::is_first(const place& who) const {
  const std::lock_guard guard(lock_);
  const auto found = lines_.find(who.key.value);
  return found != lines_.end() && found->second.front() == &who;
}

void waiting_line::leave(place& who) {
  const std::lock_guard guard(lock_);
  const auto found = lines_.find(who.key.value);
  if (found == lines_.end())
    return;
  std::deque<place*>& line = found->second;
  const auto at = std::ranges::find(line, &who);
  if (at == line.end())
    return;
  const bool was_first = at == line.begin();
  line.erase(at);
  size_.fetch_sub(1, std::memory_order_relaxed);
  if (line.empty()) {
    lines_.erase(found);
    return;
  }
  place& next = *line.front();
  if (!was_first)
    return;
  next.called = true;
  if (next.parked)
    next.loop->post([loop = next.loop, waiter = next.parked] { loop->wake(waiter); });
}

bool waiting_line::sleep::await_suspend(std::coroutine_handle<> waiter) {
  const std::lock_guard guard(line.lock_);
  if (who.called) {
    who.called = false;
    return false;
  }
  who.parked = waiter;
  timer.await_suspend(waiter);
  return true;
}

void waiting_line::sleep::await_resume() const {
  const std::lock_guard guard(line.lock_);
  who.parked = {};
  who.called = false;
}

} // namespace proxy::session
