// Who waits for a key's rate limit instead of being refused: one line a key, first come, first
// served, bounded each and in all. Knows nothing of limits and of how somebody waits.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "policies/types.hpp"
#include "proxy/io/reactor.hpp"

namespace proxy::session {

// Thread-safe. Asked only for keys that may wait.
class waiting_line {
 public:
  struct bounds {
    std::size_t each = 100; // of a key
    std::size_t all = 1000;
  };
  explicit waiting_line(bounds most) : most_(most) {}

  // In a waiter's frame from enter() to leave().
  struct place {
    policies::key_id key;
    io::reactor* loop = nullptr;
    std::coroutine_handle<> parked{}; // sleeps on its loop
    bool called = false;              // it is its turn, before it slept
  };
  bool anyone(policies::key_id key) const;
  // At the end, or at the front: who holds what the others wait for must not wait behind them.
  // False: the line is full.
  bool enter(place& who, bool in_front = false);
  bool is_first(const place& who) const;
  void leave(place& who); // calls the next one
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

  // co_await sleep_in(line, place, until): until then, or until it is its turn.
  struct sleep {
    waiting_line& line;
    place& who;
    io::reactor::sleeper timer;
    bool await_ready() const { return timer.await_ready(); }
    bool await_suspend(std::coroutine_handle<> waiter);
    void await_resume() const;
  };

 private:
  bounds most_;
  mutable std::mutex lock_;
  std::unordered_map<std::uint64_t, std::deque<place*>> lines_; // none is empty
  std::atomic<std::size_t> size_{0};
};

} // namespace proxy::session
