// Lets a test decide when the next event of a stream (or a plain answer) may be written. Knows
// waiters and permits; knows no sockets.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace simulator {

// Thread-safe. Open: everybody passes. Shut: each pass takes a permit, first come first served.
class gate {
 public:
  // `wake` runs on the thread that releases; once at most.
  struct waiter {
    std::function<void()> wake;
  };
  using ticket = std::shared_ptr<waiter>;

  void shut(std::int64_t permits);
  void open();
  void release(std::int64_t permits);
  bool is_shut() const;
  std::size_t waiting() const;

  // True: passed. False: `who` will be woken when its permit is there. `always` waits at an open
  // gate too, as if it were shut without permits.
  bool pass(const ticket& who, bool always);
  // A waiter that gives up; a permit it was already given goes to the next.
  void leave(const ticket& who);

 private:
  void serve();

  mutable std::mutex mutex_;
  bool shut_ = false;
  std::int64_t permits_ = 0;
  std::deque<ticket> queue_;
};

} // namespace simulator
