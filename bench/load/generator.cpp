// The loop: a timer for the next shot, readiness for the rest. Requests in flight are bounded only
// by descriptors, for an open-loop client does not wait.
#include "bench/load/generator.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <stdexcept>

namespace load {

std::int64_t monotonic_us() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000;
}

generator::generator(const schedule& what, std::int64_t start_us, std::int64_t patience_us,
                     report tell)
    : what_(what), start_us_(start_us), tell_(std::move(tell)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      idle_(what.targets.size()) {
  if (epoll_ < 0 || timer_ < 0)
    throw std::runtime_error("no descriptors left");
  deadline_us_ = (what.shots.empty() ? 0 : what.shots.back().at_us) + patience_us;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = timer_;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event);
}

generator::~generator() {
  for (const auto& c : all_)
    if (c && c->fd >= 0)
      ::close(c->fd);
  ::close(timer_);
  ::close(epoll_);
}

std::int64_t generator::now_us() const {
  return monotonic_us() - start_us_;
}

void generator::set_timer(std::int64_t at_us) {
  const std::int64_t at = start_us_ + at_us;
  itimerspec when{};
  when.it_value.tv_sec = at / 1'000'000;
  when.it_value.tv_nsec = at % 1'000'000 * 1000;
  ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void generator::run() {
  while (next_ < what_.shots.size() || busy_ > 0) {
    send_due();
    if (now_us() >= deadline_us_)
      break;
    set_timer(next_ < what_.shots.size() ? what_.shots[next_].at_us : deadline_us_);
    wait();
    departed_.clear();
  }
  for (const auto& c : all_)
    if (c && c->busy)
      finish(*c, "late", false);
}

void generator::wait() {
  std::array<epoll_event, 256> events{};
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd == timer_) {
      std::uint64_t ticks = 0;
      [[maybe_unused]] const auto ignored = ::read(timer_, &ticks, sizeof ticks);
    } else if (const auto& c = all_[static_cast<std::size_t>(event.data.fd)]) {
      handle(*c, event.events);
    }
  }
}

void generator::send_due() {
  // One clock reading a request: a burst that takes long to send is seen in the later ones' times.
  // Few at once: answers that wait to be read are connections that the next requests could use.
  constexpr int at_once_max = 32;
  for (int sent = 0; sent < at_once_max && next_ < what_.shots.size() &&
                     what_.shots[next_].at_us <= now_us();
       ++sent)
    begin(next_++);
}

void generator::begin(std::size_t index) {
  const shot& due = what_.shots[index];
  connection* c = idle_connection(due.target);
  const std::int64_t now = now_us();
  if (!c)
    c = connect(due.target);
  if (!c) {
    tell_({.shot = index, .sent_us = now, .end_us = now_us(), .how = "refused"});
    return;
  }
  c->busy = &due;
  c->written = 0;
  c->reply = {};
  c->result = {.shot = index, .sent_us = now};
  busy_ += 1;
  if (c->connected)
    write(*c);
}

generator::connection* generator::idle_connection(std::size_t target) {
  auto& list = idle_[target];
  while (!list.empty()) {
    const auto fd = static_cast<std::size_t>(list.back());
    list.pop_back();
    if (all_[fd] && !all_[fd]->busy && all_[fd]->target == target)
      return all_[fd].get();
  }
  return nullptr;
}

generator::connection* generator::connect(std::size_t target) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return nullptr;
  const int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const auto* address = reinterpret_cast<const sockaddr*>(&what_.targets[target]);
  if (::connect(fd, address, sizeof(sockaddr_in)) != 0 && errno != EINPROGRESS) {
    ::close(fd);
    return nullptr;
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.fd = fd;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  if (all_.size() <= static_cast<std::size_t>(fd))
    all_.resize(static_cast<std::size_t>(fd) + 64);
  auto& place = all_[static_cast<std::size_t>(fd)];
  place = std::make_unique<connection>();
  place->fd = fd;
  place->target = target;
  return place.get();
}

void generator::write(connection& c) {
  while (c.busy && c.written < c.busy->request.size()) {
    const auto& bytes = c.busy->request;
    const auto count =
        ::send(c.fd, bytes.data() + c.written, bytes.size() - c.written, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno != EAGAIN)
        finish(c, c.connected ? "broken" : "refused", false);
      return;
    }
    c.connected = true;
    c.written += static_cast<std::size_t>(count);
  }
}

void generator::read(connection& c) {
  std::array<char, 64 * 1024> room; // NOLINT: filled by recv
  while (c.fd >= 0) {
    const auto count = ::recv(c.fd, room.data(), room.size(), 0);
    if (count < 0 && errno == EAGAIN)
      return;
    if (!c.busy) { // an idle connection ends, or says what nobody asked for
      drop(c);
      return;
    }
    if (count <= 0) {
      const bool whole = count == 0 && c.reply.end() == answer::state::complete;
      finish(c, whole ? "done" : c.connected ? "broken" : "refused", false);
      return;
    }
    if (c.result.first_us < 0)
      c.result.first_us = now_us();
    const auto state = c.reply.take({room.data(), static_cast<std::size_t>(count)});
    if (state == answer::state::complete)
      finish(c, "done", c.reply.keeps_alive() && c.written == c.busy->request.size());
    else if (state == answer::state::malformed)
      finish(c, "broken", false);
    else if (c.busy->leave_after >= 0 && c.reply.bytes() >= c.busy->leave_after)
      finish(c, "left", false);
  }
}

void generator::handle(connection& c, std::uint32_t events) {
  if (events & EPOLLOUT)
    write(c);
  if (c.fd >= 0 && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
    read(c);
}

void generator::finish(connection& c, std::string_view how, bool reusable) {
  c.result.end_us = now_us();
  c.result.status = c.reply.status();
  c.result.bytes = c.reply.bytes();
  c.result.how = how;
  tell_(c.result);
  c.busy = nullptr;
  busy_ -= 1;
  if (reusable)
    idle_[c.target].push_back(c.fd);
  else
    drop(c);
}

void generator::drop(connection& c) {
  const auto fd = static_cast<std::size_t>(c.fd);
  ::close(c.fd);
  c.fd = -1;
  departed_.push_back(std::move(all_[fd]));
}

} // namespace load
