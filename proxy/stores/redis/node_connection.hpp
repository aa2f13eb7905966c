// One connection to one Redis or sentinel, for threads that may wait: an exchange at a time, each
// within a deadline. It does not know which node to ask, nor asks anything again.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "proxy/stores/redis/resp.hpp"

namespace proxy::stores::redis {

class node_connection {
 public:
  using time = std::chrono::steady_clock::time_point;
  // `tls`: nullptr for plain.
  node_connection(place at, hello who, SSL_CTX* tls, std::size_t reply_bytes_max);
  ~node_connection();
  node_connection(const node_connection&) = delete;
  node_connection& operator=(const node_connection&) = delete;

  // Asked while it waits and before it hands over replies: a node that has been replaced is not
  // believed any more.
  void watch(std::function<bool()> replaced) { replaced_ = std::move(replaced); }
  // One reply for each command, errors among them as they came; connects first where it is not. A
  // failure: unknown what of it ran, and the connection is gone.
  outcome<std::vector<reply>> exchange(std::string_view bytes, std::size_t replies, time until);
  void close();
  const place& at() const { return at_; }
  std::uint64_t opened() const { return opened_; } // how often

 private:
  outcome<void> open(time until);
  outcome<int> connect_to_any(time until);
  outcome<void> handshake(time until);
  outcome<void> greet(time until);
  outcome<void> send(std::string_view bytes, time until);
  outcome<std::vector<reply>> receive(std::size_t count, time until);
  bool quiet() const;
  bool wait(short events, time until) const;
  failure unavailable(std::string why) const;

  place at_;
  hello who_;
  SSL_CTX* tls_context_;
  std::size_t reply_bytes_max_;
  std::function<bool()> replaced_;
  int descriptor_ = -1;
  SSL* tls_ = nullptr;
  std::unique_ptr<reply_reader> reader_;
  std::uint64_t opened_ = 0;
};

} // namespace proxy::stores::redis
