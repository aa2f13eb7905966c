// poll, connect, send, receive: each within what is left of the deadline.
#include "proxy/stores/redis/node_connection.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "proxy/upstream/tls_context.hpp"

namespace proxy::stores::redis {

using std::chrono::steady_clock;

namespace {

constexpr std::int64_t look_up_ms = 50; // from waiting, whether it is worth it

} // namespace

node_connection::node_connection(place at, hello who, SSL_CTX* tls, std::size_t reply_bytes_max)
    : at_(std::move(at)), who_(std::move(who)), tls_context_(tls),
      reply_bytes_max_(reply_bytes_max) {}

node_connection::~node_connection() {
  close();
}

failure node_connection::unavailable(std::string why) const {
  return {errc::store_unavailable,
          fmt::format("Redis at {}:{}: {}", at_.host, at_.port, std::move(why))};
}

void node_connection::close() {
  if (tls_)
    SSL_free(tls_);
  tls_ = nullptr;
  if (descriptor_ >= 0)
    ::close(descriptor_);
  descriptor_ = -1;
}

bool node_connection::wait(short events, time until) const {
  pollfd one{descriptor_, events, 0};
  while (!replaced_ || !replaced_()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - steady_clock::now()).count();
    if (left <= 0)
      return false;
    if (::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left + 1, look_up_ms))) > 0)
      return true;
  }
  return false;
}

outcome<int> node_connection::connect_to_any(time until) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int failed =
      ::getaddrinfo(at_.host.c_str(), std::to_string(at_.port).c_str(), &hints, &list);
  if (failed != 0)
    return unavailable(::gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{list, &::freeaddrinfo};
  std::string why = "has no address";
  for (const addrinfo* item = list; item; item = item->ai_next) {
    descriptor_ = ::socket(item->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = descriptor_ < 0 ? errno : 0;
    if (error == 0 && ::connect(descriptor_, item->ai_addr, item->ai_addrlen) != 0)
      error = errno;
    if (error == EINPROGRESS) {
      socklen_t size = sizeof error;
      if (!wait(POLLOUT, until))
        error = ETIMEDOUT;
      else
        ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0)
      return descriptor_;
    why = std::generic_category().message(error);
    close();
  }
  return unavailable(why);
}

outcome<void> node_connection::open(time until) {
  if (auto made = connect_to_any(until); !made)
    return made.error();
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  reader_ = std::make_unique<reply_reader>(reply_bytes_max_);
  if (tls_context_)
    if (auto done = handshake(until); !done)
      return done;
  ++opened_;
  return greet(until);
}

outcome<void> node_connection::handshake(time until) {
  tls_ = upstream::make_client_tls(*tls_context_, at_.host);
  if (!tls_ || SSL_set_fd(tls_, descriptor_) != 1)
    return unavailable("out of memory for TLS");
  for (int done = SSL_connect(tls_); done != 1; done = SSL_connect(tls_)) {
    const int want = SSL_get_error(tls_, done);
    const bool reads = want == SSL_ERROR_WANT_READ;
    if ((!reads && want != SSL_ERROR_WANT_WRITE) || !wait(reads ? POLLIN : POLLOUT, until))
      return unavailable("the TLS handshake failed, or its certificate is not valid for it");
  }
  return {};
}

outcome<void> node_connection::greet(time until) {
  std::string words;
  const std::size_t count = append_greeting(words, who_);
  if (auto sent = send(words, until); !sent)
    return sent;
  auto replies = receive(count, until);
  if (!replies)
    return replies.error();
  for (const reply& each : *replies)
    if (auto fault = fault_in_greeting(*each))
      return *fault;
  return {};
}

outcome<void> node_connection::send(std::string_view bytes, time until) {
  for (std::size_t at = 0; at < bytes.size();) {
    const char* from = bytes.data() + at;
    ssize_t sent = 0;
    bool again = false;
    if (tls_) {
      sent = SSL_write(tls_, from,
                       static_cast<int>(std::min<std::size_t>(bytes.size() - at, 1 << 20)));
      again = sent <= 0 && SSL_get_error(tls_, static_cast<int>(sent)) == SSL_ERROR_WANT_WRITE;
    } else {
      sent = ::send(descriptor_, from, bytes.size() - at, MSG_NOSIGNAL);
      again = sent < 0 && (errno == EAGAIN || errno == EINTR);
    }
    if (sent > 0)
      at += static_cast<std::size_t>(sent);
    else if (!again || !wait(POLLOUT, until))
      return unavailable(again ? "does not take our commands" : "the connection was lost");
  }
  return {};
}

outcome<std::vector<reply>> node_connection::receive(std::size_t count, time until) {
  std::vector<reply> all;
  std::array<char, 16 * 1024> room;
  while (all.size() < count) {
    if (reply one = reader_->next()) {
      all.push_back(std::move(one));
      continue;
    }
    if (reader_->broken())
      return unavailable("its answer is not RESP, or too long");
    ssize_t got = 0;
    bool again = false;
    if (tls_) {
      got = SSL_read(tls_, room.data(), static_cast<int>(room.size()));
      again = got <= 0 && SSL_get_error(tls_, static_cast<int>(got)) == SSL_ERROR_WANT_READ;
    } else {
      got = ::recv(descriptor_, room.data(), room.size(), 0);
      again = got < 0 && (errno == EAGAIN || errno == EINTR);
    }
    if (got > 0)
      reader_->feed(room.data(), static_cast<std::size_t>(got));
    else if (!again || !wait(POLLIN, until))
      return unavailable(again ? "does not answer in time" : "the connection was lost");
  }
  return all;
}

// Nothing has come since the last reply.
bool node_connection::quiet() const {
  pollfd one{descriptor_, POLLIN, 0};
  return reader_->empty() && (!tls_ || SSL_pending(tls_) == 0) && ::poll(&one, 1, 0) == 0;
}

outcome<std::vector<reply>> node_connection::exchange(std::string_view bytes, std::size_t replies,
                                                      time until) {
  if (descriptor_ >= 0 && !quiet())
    close(); // it said something nobody asked for: a reply came twice, or it is at its end
  if (descriptor_ < 0)
    if (auto opened = open(until); !opened) {
      close();
      return opened.error();
    }
  if (auto sent = send(bytes, until); !sent) {
    close();
    return sent.error();
  }
  auto all = receive(replies, until);
  if (!all) {
    close(); // what comes after it would answer another question
    return all;
  }
  if (replaced_ && replaced_()) {
    close();
    return unavailable("has been replaced as the master");
  }
  return all;
}

} // namespace proxy::stores::redis
