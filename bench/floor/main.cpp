// deepseek-bench-floor LISTEN-PORT UPSTREAM-PORT: a relay that parses nothing, one upstream
// connection for each client. What a proxy on this machine cannot be cheaper than.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "bench/floor/sockets.hpp"

namespace {

using bench::watch;

struct pipe_end {
  int fd = -1;
  pipe_end* other = nullptr;
};

void accept_all(int epoll, int listening, int upstream_port) {
  for (;;) {
    const int client = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0)
      return;
    const int upstream = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = bench::loopback(upstream_port);
    if (::connect(upstream, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(upstream);
      ::close(client);
      continue;
    }
    bench::send_at_once(client);
    bench::send_at_once(upstream);
    // Both ends' memory lives as long as the process: a bench opens few connections.
    auto* near = new pipe_end{client, nullptr};
    auto* far = new pipe_end{upstream, near};
    near->other = far;
    watch(epoll, client, near);
    watch(epoll, upstream, far);
  }
}

void close_both(pipe_end& end) {
  for (pipe_end* one : {&end, end.other}) {
    ::close(one->fd);
    one->fd = -1;
  }
}

// Everything that has arrived goes to the other side; a peer that does not take it is cut off.
void pass_on(pipe_end& from) {
  static std::array<char, 64 * 1024> buffer;
  while (from.fd >= 0) {
    const ssize_t got = ::recv(from.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
      return;
    const auto size = static_cast<std::size_t>(got);
    if (got <= 0 || ::send(from.other->fd, buffer.data(), size, MSG_NOSIGNAL) != got)
      return close_both(from);
    if (size < buffer.size())
      return;
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: deepseek-bench-floor LISTEN-PORT UPSTREAM-PORT\n";
    return 2;
  }
  const int listening = bench::listen_on(std::atoi(argv[1]));
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (listening < 0 || !bench::check(epoll >= 0, "epoll"))
    return 1;
  pipe_end door{listening, nullptr};
  watch(epoll, listening, &door);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      auto* end = static_cast<pipe_end*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (end->other == nullptr)
        accept_all(epoll, listening, std::atoi(argv[2]));
      else
        pass_on(*end);
    }
  }
}
