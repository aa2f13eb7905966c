// The loop: wait, dispatch the batch, run what was posted, check deadlines once a tick, then free
// what was retired.
#include "proxy/io/reactor.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace proxy::io {

struct reactor::event_buffer {
  static constexpr int size = 256;
  epoll_event events[size];
};

reactor::reactor() : events_(std::make_unique<event_buffer>()) {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll_ < 0 || wake_ < 0)
    throw std::system_error(errno, std::generic_category(), "cannot make an event loop");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr; // the mailbox
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
  refresh_clock();
}

reactor::~reactor() {
  wind_down();
  ::close(wake_);
  ::close(epoll_);
}

void reactor::refresh_clock() {
  now_ = std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
             .count();
}

void reactor::run(keys::epochs::participant* turn_of) {
  while (!stopping_) {
    // Without connections only the mailbox can wake the loop: an idle proxy sleeps.
    const bool idle = watched_.empty() && sleeping_.empty() && tick_work_.empty();
    const int wait_ms = idle ? -1 : static_cast<int>(std::max<deadline>(0, next_tick_ - now_));
    const int count = ::epoll_wait(epoll_, events_->events, event_buffer::size, wait_ms);
    if (turn_of)
      turn_of->enter();
    refresh_clock();
    turn(count);
    if (turn_of)
      turn_of->leave();
  }
  if (turn_of)
    turn_of->enter();
  wind_down();
  if (turn_of)
    turn_of->leave();
}

void reactor::turn(int event_count) {
  for (int i = 0; i < event_count; ++i) {
    const epoll_event& event = events_->events[i];
    auto* what = static_cast<watched*>(event.data.ptr);
    if (what == nullptr)
      run_posted();
    else if (what->linked()) // not retired by an event before it in this batch
      what->on_events(event.events);
  }
  if (now_ >= next_tick_)
    tick();
  for (const auto& work : turn_work_)
    work();
  free_retired();
}

void reactor::free_retired() {
  for (watched* what : retired_)
    delete what;
  retired_.clear();
}

void reactor::wind_down() {
  for (sleeping& item : std::exchange(sleeping_, {}))
    item.waiter.resume();
  watched_.for_each([this](timed& what) { expired_.push_back(&what); });
  for (timed* what : std::exchange(expired_, {}))
    if (what->linked())
      static_cast<watched*>(what)->on_stop();
  free_retired();
}

void reactor::tick() {
  next_tick_ = now_ + tick_ms;
  // Collected first: a session that gives up may retire any other object.
  watched_.collect(now_, expired_);
  for (timed* what : expired_)
    if (what->linked())
      static_cast<watched*>(what)->on_deadline(now_);
  expired_.clear();
  for (std::size_t i = 0; i < sleeping_.size();) {
    if (sleeping_[i].until > now_) {
      ++i;
      continue;
    }
    const std::coroutine_handle<> waiter = sleeping_[i].waiter;
    sleeping_[i] = sleeping_.back();
    sleeping_.pop_back();
    waiter.resume();
  }
  for (const auto& work : tick_work_)
    work(now_);
}

void reactor::wake(std::coroutine_handle<> who) {
  for (sleeping& item : sleeping_)
    if (item.waiter == who) {
      item = sleeping_.back();
      sleeping_.pop_back();
      return who.resume();
    }
}

void reactor::post(std::function<void()> work) {
  {
    const std::lock_guard guard(mailbox_lock_);
    mailbox_.push_back(std::move(work));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

void reactor::run_posted() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wake_, &count, sizeof count);
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard guard(mailbox_lock_);
    work.swap(mailbox_);
  }
  for (const auto& item : work)
    item();
}

void reactor::stop() {
  post([this] { stopping_ = true; });
}

void reactor::drain() {
  std::vector<watched*> all;
  watched_.for_each([&](timed& what) { all.push_back(&static_cast<watched&>(what)); });
  for (watched* what : all)
    if (what->linked())
      what->on_drain();
}

void reactor::add(watched& what, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &what;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  watched_.add(what);
}

void reactor::change(watched& what, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &what;
  if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void reactor::forget(int fd) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

void reactor::retire(watched* what) {
  watched_.remove(*what);
  retired_.push_back(what);
}

} // namespace proxy::io
