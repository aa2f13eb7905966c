// One thread's connections to the upstream. Idle ones are kept last in, first out, watched for
// their end, and dropped before the upstream would drop them: a request on a dying connection is a
// 502, since nobody knows whether it ran.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "proxy/error.hpp"
#include "proxy/io/stream.hpp"
#include "proxy/io/task.hpp"
#include "proxy/upstream/resolver.hpp"
#include "proxy/upstream/tls_context.hpp"

namespace proxy::upstream {

struct pool_settings {
  std::string host;       // for SNI and verification
  SSL_CTX* tls = nullptr; // nullptr: plain
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds idle_timeout{20'000};
  std::size_t idle_max = 512;
  std::size_t receive_buffer_bytes = 0; // 0: the kernel's choice
};

class pool {
 public:
  pool(io::reactor& loop, const resolver& names, pool_settings settings);
  ~pool();
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  // An idle connection, or nullptr: then connect(). Its caller owns it until give_back() or
  // close().
  io::stream* take_idle();
  // errc::upstream_unreachable: nothing was written, safe to try again.
  io::task<outcome<io::stream*>> connect();
  // Only after a complete answer that allows another request.
  void give_back(io::stream& connection);

  std::size_t idle_count() const { return idle_.size(); }
  std::uint64_t opened() const { return opened_; }

 private:
  struct idle_connection {
    io::stream* which;
    io::deadline drop_at;
  };
  void drop(io::stream& which);
  void drop_expired(io::deadline now);

  io::reactor& loop_;
  const resolver& names_;
  pool_settings settings_;
  std::vector<idle_connection> idle_;
  std::size_t next_endpoint_ = 0;
  std::uint64_t opened_ = 0;
};

} // namespace proxy::upstream
