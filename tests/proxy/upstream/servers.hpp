// Servers for the pool to connect to: a plain one that the test itself accepts from, for the kernel
// completes connections without it, and one with TLS on a thread of its own, which records what
// it sees.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/proxy/upstream/certificates.hpp"

namespace upstream_test {

// A socket that closes itself; reads and writes block, at most some seconds.
class peer {
 public:
  explicit peer(int descriptor);
  peer(peer&& other) noexcept;
  ~peer() { close(); }

  void say(std::string_view text) const;
  std::string hear() const; // what the next read gives; "" at the end
  void close();
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

class listener {
 public:
  enum class state { listening, bound_only };
  explicit listener(state wanted = state::listening, int backlog = 64);
  ~listener();
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  std::uint16_t port() const { return port_; }
  peer accept() const;
  bool someone_waits() const; // a connection that was not accepted yet
  void fill_backlog();        // no further connection is completed
  void shut() const;          // accept() fails from now on
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
  std::uint16_t port_ = 0;
  std::vector<peer> filling_;
};

// Answers what it reads with the same in capitals; "twice" with two records in one segment; "bye"
// with an orderly end.
class tls_server {
 public:
  struct seen {
    std::vector<std::string> names; // SNI of each handshake; "-": none
    std::vector<std::string> lines;
    int handshakes_done = 0;
    int handshakes_failed = 0;
    int protocol = 0; // of the last handshake
  };

  explicit tls_server(context_ptr context);
  ~tls_server();

  std::uint16_t port() const { return listener_.port(); }
  // Joins the thread, so that everything it will ever see has been seen.
  seen end();

 private:
  void run();
  void serve(SSL* tls);
  static int on_name(SSL* tls, int* alert, void* self);

  context_ptr context_;
  listener listener_;
  seen seen_;
  std::thread thread_;
};

} // namespace upstream_test
