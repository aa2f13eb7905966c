// getaddrinfo in a loop; failures keep the last good list.
#include "proxy/upstream/resolver.hpp"

#include <netdb.h>

#include <chrono>
#include <cstring>
#include <utility>

#include <spdlog/spdlog.h>

namespace proxy::upstream {

resolver::resolver(std::string host, std::uint16_t port)
    : host_(std::move(host)), port_(std::to_string(port)) {
  refresh();
  thread_ = std::thread([this] { run(); });
}

resolver::~resolver() {
  {
    const std::lock_guard guard(lock_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

std::vector<endpoint> resolver::endpoints() const {
  const std::lock_guard guard(lock_);
  return found_;
}

void resolver::refresh() {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(host_.c_str(), port_.c_str(), &hints, &list);
  if (failed != 0) {
    spdlog::warn("upstream: cannot look up {}: {}", host_, ::gai_strerror(failed));
    return;
  }
  std::vector<endpoint> fresh;
  for (const addrinfo* item = list; item; item = item->ai_next) {
    endpoint one;
    std::memcpy(&one.address, item->ai_addr, item->ai_addrlen);
    one.length = item->ai_addrlen;
    fresh.push_back(one);
  }
  ::freeaddrinfo(list);
  const std::lock_guard guard(lock_);
  found_ = std::move(fresh);
}

void resolver::run() {
  using std::chrono::seconds;
  std::unique_lock guard(lock_);
  while (!stopping_) {
    const seconds wait{found_.empty() ? 1 : 60};
    if (stop_.wait_for(guard, wait, [this] { return stopping_; }))
      return;
    guard.unlock();
    refresh();
    guard.lock();
  }
}

} // namespace proxy::upstream
