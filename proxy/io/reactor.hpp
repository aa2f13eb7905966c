// One thread's event loop: an edge-triggered epoll set, a coarse clock for deadlines, and a mailbox
// for other threads. Asio is not under the data plane: its reactor re-arms each read with a recv
// that fails (1.2 system calls a request, measured), and nesting an epoll set in it costs two more
// a loop turn. Asio serves where speed is not the point: the admin plane, signals, name look-up.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "proxy/io/deadline_wheel.hpp"
#include "proxy/keys/epoch.hpp"

namespace proxy::io {

class reactor;

// Something with a descriptor in the epoll set. It must be retired, not destroyed, while the loop
// runs: an event for it may already be in the batch at hand.
class watched : public timed {
 public:
  virtual ~watched() = default;
  virtual void on_events(std::uint32_t events) = 0; // EPOLLIN, EPOLLOUT, EPOLLRDHUP, ...
  virtual void on_deadline(deadline now) = 0;       // what was expected by has passed
  virtual void on_drain() = 0;                      // no new work: who merely idles must leave
  virtual void on_stop() = 0;                       // the loop ends: whoever waits must give up
};

class reactor {
 public:
  reactor();
  ~reactor();
  reactor(const reactor&) = delete;
  reactor& operator=(const reactor&) = delete;

  // Runs until stop(), then makes every waiting coroutine give up. `turn` is told of each loop
  // turn, so that key records read in it may be freed after it; may be null.
  void run(keys::epochs::participant* turn);
  void stop();                                // thread-safe
  bool stopping() const { return stopping_; } // loop's thread

  // Runs `work` on the loop's thread; thread-safe, may allocate, for rare things.
  void post(std::function<void()> work);
  // Called once a tick (100 ms or a little more).
  void every_tick(std::function<void(deadline now)> work) { tick_work_.push_back(std::move(work)); }
  // Called at the end of each loop turn in which something happened.
  void every_turn(std::function<void()> work) { turn_work_.push_back(std::move(work)); }

  void drain(); // tells everything watched; loop's thread

  void add(watched& what, int fd, std::uint32_t events);
  void change(watched& what, int fd, std::uint32_t events); // of what was added
  void expect(watched& what, deadline by) { watched_.set(what, by); }
  void forget(int fd);        // takes it out of the epoll set; it stays open
  void retire(watched* what); // unlinks; destroys at the end of the turn

  deadline now() const { return now_; } // refreshed once a loop turn
  deadline in(std::chrono::milliseconds span) const { return now_ + span.count(); }

  // co_await reactor.sleep(until): resumes at the first tick at or after it.
  struct sleeper {
    reactor& loop;
    deadline until;
    bool await_ready() const { return loop.now() >= until || loop.stopping(); }
    void await_suspend(std::coroutine_handle<> waiter) {
      loop.sleeping_.push_back({until, waiter});
    }
    void await_resume() const {}
  };
  sleeper sleep(deadline until) { return {*this, until}; }
  void wake(std::coroutine_handle<> who); // before its time, if it still sleeps; loop's thread

 private:
  struct sleeping {
    deadline until;
    std::coroutine_handle<> waiter;
  };
  void turn(int event_count);
  void tick();
  void run_posted();
  void refresh_clock();
  void free_retired();
  void wind_down();

  int epoll_ = -1;
  int wake_ = -1; // eventfd
  bool stopping_ = false;
  deadline now_ = 0;
  deadline next_tick_ = 0;
  deadline_wheel watched_;
  std::vector<watched*> retired_;
  std::vector<timed*> expired_;
  std::vector<sleeping> sleeping_;
  std::vector<std::function<void(deadline)>> tick_work_;
  std::vector<std::function<void()>> turn_work_;
  std::mutex mailbox_lock_;
  std::vector<std::function<void()>> mailbox_;
  struct event_buffer;
  std::unique_ptr<event_buffer> events_;
};

} // namespace proxy::io
