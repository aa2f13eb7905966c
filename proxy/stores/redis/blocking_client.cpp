// poll, connect, send, receive: each within what is left of the deadline.
#include "proxy/stores/redis/blocking_client.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "proxy/upstream/tls_context.hpp"

namespace proxy::stores::redis {

using std::chrono::steady_clock;

script_call& script_call::key(std::string_view name) {
  append_argument(key_bytes_, name);
  ++keys_;
  return *this;
}

script_call& script_call::argument(std::string_view value) {
  append_argument(argument_bytes_, value);
  ++arguments_;
  return *this;
}

void script_call::write(std::string& out) const {
  command_writer writer{out, 3 + keys_ + arguments_};
  writer << "EVALSHA" << digest_of(which_) << std::to_string(keys_);
  out += key_bytes_;
  out += argument_bytes_;
}

failure refused_by_redis(const redisReply& error) {
  const std::string_view text = text_of(error);
  std::string hint;
  if (text.starts_with("WRONGPASS") || text.starts_with("NOAUTH"))
    hint = "; see store.password and the user in store.url";
  else if (text.starts_with("NOPERM"))
    hint = "; the user needs +@read +@write +@scripting +time on keys ds:*";
  else if (text.starts_with("OOM"))
    hint = "; Redis has reached its maxmemory";
  else if (text.starts_with("WRONGTYPE"))
    hint = "; something else has written at keys that begin with ds:";
  return {errc::store_unavailable, fmt::format("Redis says: {}{}", text, hint)};
}

blocking_client::blocking_client(address to, SSL_CTX* tls, blocking_settings settings)
    : to_(std::move(to)), tls_context_(tls), settings_(settings) {}

blocking_client::~blocking_client() {
  close();
}

failure blocking_client::unavailable(std::string why) const {
  return {errc::store_unavailable,
          fmt::format("Redis at {}:{}: {}", to_.host, to_.port, std::move(why))};
}

std::uint64_t blocking_client::connections() const {
  const std::lock_guard guard(lock_);
  return connections_;
}

void blocking_client::close() {
  if (tls_)
    SSL_free(tls_);
  tls_ = nullptr;
  if (descriptor_ >= 0)
    ::close(descriptor_);
  descriptor_ = -1;
}

bool blocking_client::wait(short events, time until) const {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(until - steady_clock::now()).count();
  pollfd one{descriptor_, events, 0};
  return left > 0 && ::poll(&one, 1, static_cast<int>(left) + 1) > 0;
}

outcome<int> blocking_client::connect_to_any(time until) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int failed =
      ::getaddrinfo(to_.host.c_str(), std::to_string(to_.port).c_str(), &hints, &list);
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

outcome<void> blocking_client::open(time until) {
  if (auto made = connect_to_any(until); !made)
    return made.error();
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  reader_ = std::make_unique<reply_reader>(settings_.reply_bytes_max);
  if (tls_context_) {
    tls_ = upstream::make_client_tls(*tls_context_, to_.host);
    SSL_set_fd(tls_, descriptor_);
    for (int done = SSL_connect(tls_); done != 1; done = SSL_connect(tls_)) {
      const int want = SSL_get_error(tls_, done);
      const bool reads = want == SSL_ERROR_WANT_READ;
      if ((!reads && want != SSL_ERROR_WANT_WRITE) || !wait(reads ? POLLIN : POLLOUT, until))
        return unavailable("the TLS handshake failed, or its certificate is not valid for it");
    }
  }
  ++connections_;
  return greet(until);
}

outcome<void> blocking_client::greet(time until) {
  std::string hello;
  const std::size_t count = append_greeting(hello, to_);
  if (auto sent = send(hello, until); !sent)
    return sent;
  auto replies = receive(count, until);
  if (!replies)
    return replies.error();
  for (const reply& each : *replies)
    if (is_error(*each))
      return refused_by_redis(*each);
  return {};
}

outcome<void> blocking_client::send(const std::string& bytes, time until) {
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

outcome<std::vector<reply>> blocking_client::receive(std::size_t count, time until) {
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

outcome<std::vector<reply>> blocking_client::run(const batch& commands) {
  const std::lock_guard guard(lock_);
  const time until = steady_clock::now() + settings_.timeout;
  if (descriptor_ < 0)
    if (auto opened = open(until); !opened) {
      close();
      return opened.error();
    }
  if (auto sent = send(commands.bytes(), until); !sent) {
    close();
    return sent.error();
  }
  auto replies = receive(commands.size(), until);
  if (!replies)
    close(); // what comes after it would answer another question
  return replies;
}

outcome<reply> blocking_client::single(const batch& one) {
  auto replies = run(one);
  if (!replies)
    return replies.error();
  if (is_error(*replies->front())) {
    if (text_of(*replies->front()).starts_with("NOSCRIPT")) {
      const std::lock_guard guard(lock_);
      close(); // the next connection brings the scripts again
    }
    return refused_by_redis(*replies->front());
  }
  return std::move(replies->front());
}

} // namespace proxy::stores::redis
