// One connection, made: TCP, then TLS where it is wanted. What it is for, and how long it is kept,
// is its caller's.
#pragma once

#include <chrono>
#include <string>

#include "proxy/error.hpp"
#include "proxy/io/stream.hpp"
#include "proxy/io/task.hpp"
#include "proxy/upstream/resolver.hpp"
#include "proxy/upstream/tls_context.hpp"

namespace proxy::upstream {

struct connect_settings {
  std::string host;       // for SNI, verification and messages
  SSL_CTX* tls = nullptr; // nullptr: plain
  std::chrono::milliseconds timeout{5000};
  std::size_t receive_buffer_bytes = 0; // 0: the kernel's choice
};

// `why`, about a host: nothing was written, safe to try again.
failure unreachable(const std::string& host, std::string why);

// errc::upstream_unreachable. `how` outlives the task.
io::task<outcome<io::stream*>> connect_to(io::reactor& loop, endpoint to,
                                          const connect_settings& how);

} // namespace proxy::upstream
