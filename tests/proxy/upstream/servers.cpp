// Blocking sockets with a limit of time, so that a mistake fails instead of hanging.
#include "tests/proxy/upstream/servers.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cctype>
#include <cstring>
#include <utility>

#include <openssl/err.h>

#include "tests/support/catch.hpp"

namespace upstream_test {
namespace {

constexpr int patience_s = 20;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

} // namespace

peer::peer(int descriptor) : descriptor_(descriptor) {
  const timeval limit{patience_s, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

peer::peer(peer&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

void peer::say(std::string_view text) const {
  REQUIRE(::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(text.size()));
}

std::string peer::hear() const {
  std::string text(65536, '\0');
  const ssize_t got = ::recv(descriptor_, text.data(), text.size(), 0);
  REQUIRE((got >= 0 || errno == ECONNRESET));
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

void peer::close() {
  if (descriptor_ >= 0)
    ::close(std::exchange(descriptor_, -1));
}

listener::listener(state wanted, int backlog)
    : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  REQUIRE(::bind(descriptor_, generic(address), size) == 0);
  REQUIRE(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  if (wanted == state::listening)
    REQUIRE(::listen(descriptor_, backlog) == 0);
}

listener::~listener() {
  ::close(descriptor_);
}

peer listener::accept() const {
  return peer{::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC)};
}

bool listener::someone_waits() const {
  pollfd watched{descriptor_, POLLIN, 0};
  return ::poll(&watched, 1, 0) == 1;
}

void listener::fill_backlog() {
  const sockaddr_in address = loopback(port_);
  for (int i = 0; i < 4; ++i) {
    filling_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ::connect(filling_.back().descriptor(), generic(address), sizeof address);
  }
}

void listener::shut() const {
  ::shutdown(descriptor_, SHUT_RDWR);
}

tls_server::tls_server(context_ptr context) : context_(std::move(context)) {
  SSL_CTX_set_tlsext_servername_callback(context_.get(), on_name);
  SSL_CTX_set_tlsext_servername_arg(context_.get(), this);
  thread_ = std::thread([this] { run(); });
}

tls_server::~tls_server() {
  end();
}

tls_server::seen tls_server::end() {
  listener_.shut();
  if (thread_.joinable())
    thread_.join();
  return seen_;
}

int tls_server::on_name(SSL* tls, int*, void* self) {
  const char* name = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name);
  static_cast<tls_server*>(self)->seen_.names.push_back(name ? name : "-");
  return SSL_TLSEXT_ERR_OK;
}

void tls_server::run() {
  for (;;) {
    const peer connection = listener_.accept();
    if (connection.descriptor() < 0)
      return;
    SSL* tls = SSL_new(context_.get());
    SSL_set_fd(tls, connection.descriptor());
    if (SSL_accept(tls) == 1) {
      ++seen_.handshakes_done;
      seen_.protocol = SSL_version(tls);
      serve(tls);
    } else {
      ++seen_.handshakes_failed;
    }
    ERR_clear_error();
    SSL_free(tls);
  }
}

void tls_server::serve(SSL* tls) {
  char room[4096];
  for (int got = 0; (got = SSL_read(tls, room, sizeof room)) > 0;) {
    std::string line(room, static_cast<std::size_t>(got));
    seen_.lines.push_back(line);
    if (line == "bye") {
      SSL_shutdown(tls);
      return;
    }
    const bool twice = line == "twice";
    for (char& c : line)
      c = static_cast<char>(std::toupper(c));
    const int fd = SSL_get_fd(tls), on = 1, off = 0;
    ::setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on); // one segment, whatever is written
    for (int i = 0; i < (twice ? 2 : 1); ++i)
      SSL_write(tls, line.data(), static_cast<int>(line.size()));
    ::setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
  }
}

} // namespace upstream_test
