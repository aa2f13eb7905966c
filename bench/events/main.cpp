// deepseek-bench-events PORT FILE MICROSECONDS: answers every request with the events of FILE
// (parted by blank lines), each in a chunk and a write of its own, one after each MICROSECONDS. The
// upstream of a model that speaks word by word; it reads no more of a request than where it ends.
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "bench/floor/sockets.hpp"

namespace {

struct client {
  int fd = -1;
  std::string received;
  std::size_t next = 0; // the event to be sent
  bool busy = false;
};

// Head, every event as a chunk, and the last chunk with the last event.
std::vector<std::string> read_events(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> out{"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                               "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n"};
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find("\n\n", at), all.size() - 2) + 2;
    std::array<char, 16> size;
    std::snprintf(size.data(), size.size(), "%zx\r\n", end - at);
    out.push_back(size.data() + all.substr(at, end - at) + "\r\n");
    at = end;
  }
  out.back() += "0\r\n\r\n";
  return out;
}

// Whether a whole request is there, by its Content-Length; it is taken out then.
bool take_request(std::string& received) {
  const std::size_t head = received.find("\r\n\r\n");
  if (head == std::string::npos)
    return false;
  std::size_t length = 0;
  for (const std::string_view name : {"Content-Length: ", "content-length: "})
    if (const std::size_t at = received.find(name); at < head)
      length = std::strtoul(received.c_str() + at + name.size(), nullptr, 10);
  if (received.size() < head + 4 + length)
    return false;
  received.erase(0, head + 4 + length);
  return true;
}

class server {
 public:
  server(std::vector<std::string> events, int listening, long microseconds)
      : events_(std::move(events)), epoll_(::epoll_create1(EPOLL_CLOEXEC)), listening_(listening),
        timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    itimerspec every{};
    every.it_interval = every.it_value = {0, microseconds * 1000};
    ::timerfd_settime(timer_, 0, &every, nullptr);
    bench::watch(epoll_, listening_, &listening_);
    bench::watch(epoll_, timer_, &timer_);
  }

  void run() {
    std::array<epoll_event, 256> ready;
    for (;;) {
      const int count = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), -1);
      for (int i = 0; i < count; ++i) {
        void* what = ready[static_cast<std::size_t>(i)].data.ptr;
        if (what == &listening_)
          accept_all();
        else if (what == &timer_)
          tick();
        else
          read(*static_cast<client*>(what));
      }
    }
  }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0)
        return;
      bench::send_at_once(fd);
      auto* made = new client{fd, {}, 0, false}; // lives as long as the process
      clients_.push_back(made);
      bench::watch(epoll_, fd, made);
    }
  }

  static void read(client& from) {
    std::array<char, 64 * 1024> buffer;
    for (;;) {
      const ssize_t got = ::recv(from.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got == 0) {
        ::close(from.fd);
        from.fd = -1;
      }
      if (got <= 0)
        break;
      from.received.append(buffer.data(), static_cast<std::size_t>(got));
    }
    if (!from.busy && take_request(from.received))
      from.busy = true;
  }

  void tick() {
    std::uint64_t passed = 0;
    if (::read(timer_, &passed, sizeof passed) < 0)
      return;
    for (client* one : clients_) {
      if (!one->busy || one->fd < 0)
        continue;
      const std::string& event = events_[one->next];
      if (::send(one->fd, event.data(), event.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        continue; // it is slow: later
      if (++one->next < events_.size())
        continue;
      one->next = 0;
      one->busy = take_request(one->received);
    }
  }

  std::vector<std::string> events_;
  int epoll_;
  int listening_;
  int timer_;
  std::vector<client*> clients_;
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: deepseek-bench-events PORT FILE MICROSECONDS\n";
    return 2;
  }
  const int listening = bench::listen_on(std::atoi(argv[1]));
  if (listening < 0)
    return 1;
  server(read_events(argv[2]), listening, std::atol(argv[3])).run();
}
