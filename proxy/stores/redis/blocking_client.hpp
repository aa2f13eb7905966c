// A connection for threads that may wait: the admin plane, the journal's applier, upkeep. One
// exchange at a time, with a deadline; connects again by itself. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "proxy/stores/redis/resp.hpp"
#include "proxy/stores/redis/scripts.hpp"

namespace proxy::stores::redis {

// Of one exchange, connecting included.
struct blocking_settings {
  std::chrono::milliseconds timeout{2000};
  std::size_t reply_bytes_max = 64u << 20;
};

// A call of a script, its keys and arguments given in any order.
class script_call {
 public:
  explicit script_call(script which) : which_(which) {}
  script_call& key(std::string_view name);
  script_call& argument(std::string_view value);
  std::size_t keys() const { return keys_; }
  void write(std::string& out) const;

 private:
  script which_;
  std::string key_bytes_;
  std::string argument_bytes_;
  std::size_t keys_ = 0;
  std::size_t arguments_ = 0;
};

// Commands to be sent in one go.
class batch {
 public:
  batch() = default;
  explicit batch(const script_call& call) { add(call); }
  batch& add(const script_call& call) {
    call.write(bytes_);
    ++count_;
    return *this;
  }
  template <class... Text>
  batch& add(const Text&... arguments) {
    append_command(bytes_, arguments...);
    ++count_;
    return *this;
  }
  batch& add(std::span<const std::string> arguments) {
    command_writer writer{bytes_, arguments.size()};
    for (const std::string& each : arguments)
      writer << each;
    ++count_;
    return *this;
  }
  std::size_t size() const { return count_; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::size_t count_ = 0;
};

class blocking_client {
 public:
  // `tls`: nullptr for plain.
  blocking_client(address to, SSL_CTX* tls, blocking_settings settings = {});
  ~blocking_client();

  // One reply for each command, errors among them as they came; a failure: unknown what of it ran.
  outcome<std::vector<reply>> run(const batch& commands);
  // One command; an error reply is a failure, too.
  template <class... Text>
  outcome<reply> ask(const Text&... arguments) {
    batch one;
    one.add(arguments...);
    return single(one);
  }
  outcome<reply> single(const batch& one);
  // Grows with each connection made: a script cache may have been lost, or a whole Redis.
  std::uint64_t connections() const;

 private:
  using time = std::chrono::steady_clock::time_point;
  outcome<void> open(time until);
  outcome<int> connect_to_any(time until);
  outcome<void> greet(time until);
  outcome<void> send(const std::string& bytes, time until);
  outcome<std::vector<reply>> receive(std::size_t count, time until);
  bool wait(short events, time until) const;
  failure unavailable(std::string why) const;
  void close();

  address to_;
  SSL_CTX* tls_context_;
  blocking_settings settings_;
  mutable std::mutex lock_;
  int descriptor_ = -1;
  SSL* tls_ = nullptr;
  std::unique_ptr<reply_reader> reader_;
  std::uint64_t connections_ = 0;
};

// What to tell where Redis answers, but with an error.
failure refused_by_redis(const redisReply& error);

} // namespace proxy::stores::redis
