// One data thread: its loop, listener, upstream pool, lane and counters. Nothing of it is shared
// but what `process` names.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "proxy/io/reactor.hpp"
#include "proxy/journal/lane.hpp"
#include "proxy/server/listener.hpp"
#include "proxy/session/services.hpp"
#include "proxy/tls/server_context.hpp"
#include "proxy/upstream/pool.hpp"

namespace proxy::server {

class worker {
 public:
  worker(session::process& shared, const upstream::resolver& names,
         upstream::pool_settings upstream, journal::lane& lane, std::span<const int> listening);
  ~worker();

  void start();
  // What has ended is told there; before start().
  void tell(session::ended_requests& whom) { services_.ended = &whom; }
  // The next clients are served over TLS; before start(), or thread-safe while it runs.
  void use_tls(tls::context settings);
  void use_settings(config::settings next); // thread-safe
  // No new connections, idle ones closed, requests in flight finish. Thread-safe.
  void drain();
  // Before an upgrade: no new connections, and plain ones that idle are kept instead of closed.
  // Thread-safe.
  void keep();
  std::vector<int> take_kept() { return std::move(services_.kept); } // after stop()
  // Clients that another program kept. Thread-safe.
  void serve_kept(std::vector<int> clients);
  void stop(); // joins
  std::size_t connections() const { return open_.load(std::memory_order_relaxed); }
  const session::counters& count() const { return services_.count; }

 private:
  void accepted(io::stream& client, policies::access::ip_address peer);
  void flush_tallies(io::deadline now);

  session::process& shared_;
  io::reactor loop_;
  upstream::pool pool_;
  session::services services_;
  tls::context tls_; // null: plain HTTP
  std::atomic<std::size_t> open_{0};
  io::deadline next_flush_ = 0;
  std::thread thread_;
};

} // namespace proxy::server
