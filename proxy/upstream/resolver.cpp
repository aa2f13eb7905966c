// getaddrinfo in a loop; failures keep the last good list.
#include "proxy/upstream/resolver.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <chrono>
#include <cstring>
#include <utility>

#include <spdlog/spdlog.h>

#include "policies/access/ip_list.hpp"

namespace proxy::upstream {

bool is_link_local(const sockaddr_storage& address) {
  policies::access::ip_address plain;
  if (address.ss_family == AF_INET) {
    plain.bytes[10] = plain.bytes[11] = 0xff;
    std::memcpy(plain.bytes.data() + 12, &reinterpret_cast<const sockaddr_in&>(address).sin_addr,
                4);
  } else {
    std::memcpy(plain.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, 16);
  }
  // Link-local, also by way of NAT64, and what clouds use for the like: AWS and Google by IPv6,
  // Azure, Alibaba.
  static const auto networks = [] {
    std::vector<policies::access::ip_network> all;
    for (const char* text : {"169.254.0.0/16", "fe80::/10", "64:ff9b::a9fe:0/112", "fd00:ec2::254",
                             "fd20:ce::254", "168.63.129.16", "100.100.100.200", "0.0.0.0", "::"})
      all.push_back(policies::access::parse_network(text).network.value());
    return all;
  }();
  return policies::access::any_contains(networks, plain);
}

resolver::resolver(std::string host, std::uint16_t port, link_local metadata)
    : host_(std::move(host)), port_(std::to_string(port)), metadata_(metadata) {
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
    if (metadata_ == link_local::deny && is_link_local(one.address)) {
      spdlog::error("upstream: {} leads to a link-local address, which is not used; say "
                    "upstream.link_local = \"allow\" if that is meant",
                    host_);
      continue;
    }
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
