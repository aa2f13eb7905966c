// Listening and accepting.
#include "proxy/server/listener.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <system_error>
#include <utility>

namespace proxy::server {
namespace {

struct socket_address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

std::optional<socket_address> to_socket_address(const config::host_port& where) {
  socket_address made;
  if (sockaddr_in v4{}; ::inet_pton(AF_INET, where.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(where.port);
    std::memcpy(&made.storage, &v4, sizeof v4);
    made.length = sizeof v4;
    return made;
  }
  if (sockaddr_in6 v6{}; ::inet_pton(AF_INET6, where.host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(where.port);
    std::memcpy(&made.storage, &v6, sizeof v6);
    made.length = sizeof v6;
    return made;
  }
  return std::nullopt;
}

std::uint16_t port_of(int descriptor) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &length);
  if (storage.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
  return ntohs(reinterpret_cast<const sockaddr_in6&>(storage).sin6_port);
}

policies::access::ip_address address_of(const sockaddr_storage& storage) {
  policies::access::ip_address address;
  if (storage.ss_family == AF_INET) {
    address.bytes[10] = address.bytes[11] = 0xff;
    std::memcpy(address.bytes.data() + 12, &reinterpret_cast<const sockaddr_in&>(storage).sin_addr,
                4);
  } else {
    std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr,
                16);
  }
  return address;
}

} // namespace

outcome<bound_socket> listen_on(const config::host_port& where, port_sharing sharing) {
  const std::string name = where.host + ":" + std::to_string(where.port);
  const auto address = to_socket_address(where);
  if (!address)
    return failure{errc::bad_configuration,
                   "server.listen: " + name + " is no IP address and port"};
  const int fd =
      ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (sharing == port_sharing::with_own_threads)
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  constexpr int backlog = 4096;
  if (fd >= 0 &&
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address->storage), address->length) == 0 &&
      ::listen(fd, backlog) == 0)
    return bound_socket{fd, {where.host, port_of(fd)}};
  const int error = errno;
  if (fd >= 0)
    ::close(fd);
  if (error == EADDRINUSE)
    return failure{errc::address_in_use,
                   "cannot listen on " + name +
                       ": another program does already. Stop it, or choose another port with "
                       "server.listen (or --port of ./deploy/quickstart)."};
  return failure{errc::address_in_use,
                 "cannot listen on " + name + ": " + std::generic_category().message(error)};
}

config::host_port address_of_listener(int descriptor) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &length);
  std::array<char, NI_MAXHOST> host{};
  ::getnameinfo(reinterpret_cast<const sockaddr*>(&storage), length, host.data(), host.size(),
                nullptr, 0, NI_NUMERICHOST);
  return {host.data(), port_of(descriptor)};
}

policies::access::ip_address peer_of(int descriptor) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ::getpeername(descriptor, reinterpret_cast<sockaddr*>(&storage), &length);
  return address_of(storage);
}

listener::listener(io::reactor& loop, int descriptor, on_client accepted)
    : loop_(loop), descriptor_(descriptor), reserve_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
      accepted_(std::move(accepted)) {}

listener* listener::open(io::reactor& loop, int descriptor, on_client accepted) {
  auto* made = new listener(loop, descriptor, std::move(accepted));
  loop.add(*made, descriptor, EPOLLIN);
  return made;
}

listener::~listener() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
  if (reserve_ >= 0)
    ::close(reserve_);
}

void listener::close() {
  if (descriptor_ < 0)
    return;
  loop_.forget(descriptor_); // a copy that stays open would keep it in the epoll set
  ::close(std::exchange(descriptor_, -1));
  loop_.retire(this);
}

void listener::on_events(std::uint32_t) {
  if (due() == io::no_deadline)
    accept_all();
}

void listener::on_deadline(io::deadline) {
  loop_.expect(*this, io::no_deadline);
  loop_.change(*this, descriptor_, EPOLLIN);
  accept_all();
}

void listener::accept_all() {
  constexpr int batch_max = 64; // others on this loop want their turn
  for (int i = 0; i < batch_max && descriptor_ >= 0; ++i) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    const int fd = ::accept4(descriptor_, reinterpret_cast<sockaddr*>(&peer), &length,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        out_of_descriptors();
      return;
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    accepted_(*io::stream::adopt(loop_, fd), address_of(peer));
  }
}

// Level-triggered readiness would spin: turn one client away to say so, then look away for a while.
void listener::out_of_descriptors() {
  constexpr std::chrono::milliseconds pause{200};
  spdlog::warn("accept: file descriptors are exhausted; raise `ulimit -n` (pausing {} ms)",
               pause.count());
  ::close(reserve_);
  const int turned_away = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
  if (turned_away >= 0)
    ::close(turned_away);
  reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  loop_.expect(*this, loop_.in(pause));
  loop_.change(*this, descriptor_, 0);
}

} // namespace proxy::server
