// A data thread's life.
#include "proxy/server/worker.hpp"

#include "proxy/server/secure_client.hpp"
#include "proxy/session/exchange.hpp"
#include "proxy/session/session.hpp"

namespace proxy::server {

worker::worker(session::process& shared, const upstream::resolver& names,
               upstream::pool_settings upstream, journal::lane& lane,
               std::span<const int> listening)
    : shared_(shared), pool_(loop_, names, std::move(upstream)),
      services_{shared, loop_, pool_, lane, policies::pricing::price_memo{shared.prices},
                {},     {},    {},    {},   {},
                {},     {},    {}} {
  for (const int each : listening)
    listener::open(loop_, each, [this](io::stream& client, policies::access::ip_address peer) {
      accepted(client, peer);
    });
  loop_.every_tick([this](io::deadline now) { flush_tallies(now); });
}

worker::~worker() {
  stop();
}

void worker::start() {
  thread_ = std::thread([this] {
    shared_.limits.join(loop_);
    loop_.run(&shared_.directory.readers().join());
    services_.refused.flush(services_.lane, shared_.now().time_since_epoch().count());
    if (services_.seen_from.any())
      shared_.sighted(services_.seen_from.take());
    session::release_idle(services_);
  });
}

void worker::use_tls(tls::context settings) {
  if (!thread_.joinable()) {
    tls_ = std::move(settings);
    return;
  }
  loop_.post([this, next = std::move(settings)] { tls_ = next; });
}

void worker::use_settings(config::settings next) {
  loop_.post([this, kept = std::make_shared<config::settings>(std::move(next))] {
    services_.settings = *kept;
  });
}

void worker::serve_kept(std::vector<int> clients) {
  loop_.post([this, all = std::move(clients)] {
    for (const int each : all)
      accepted(*io::stream::adopt(loop_, each), peer_of(each));
  });
}

void worker::keep() {
  loop_.post([this] {
    services_.keeping = true;
    loop_.drain();
  });
}

void worker::drain() {
  loop_.post([this] {
    services_.draining = true;
    loop_.drain();
  });
}

void worker::stop() {
  if (!thread_.joinable())
    return;
  loop_.stop();
  thread_.join();
}

void worker::accepted(io::stream& client, policies::access::ip_address peer) {
  const auto threads = static_cast<std::size_t>(std::max(1, services_.settings.server.threads));
  const auto per_thread =
      std::max<std::size_t>(1, services_.settings.server.connections_max / threads);
  if (open_.load(std::memory_order_relaxed) >= per_thread)
    return client.close();
  open_.fetch_add(1, std::memory_order_relaxed);
  services_.count.connections_opened.add();
  if (const std::size_t most = services_.settings.server.unsent_bytes_max; most > 0)
    client.limit_unsent(most);
  const auto serve = [](worker& self, io::stream& stream,
                        policies::access::ip_address from) -> io::task<void> {
    bool ready = true;
    if (self.tls_) {
      auto secured = secure_client(self.services_, self.tls_, stream);
      ready = co_await std::move(secured);
    }
    if (ready) {
      auto serving = session::serve_connection(self.services_, stream, from);
      co_await std::move(serving);
    } else {
      stream.close();
    }
    self.services_.count.connections_closed.add();
    self.open_.fetch_sub(1, std::memory_order_relaxed);
  };
  io::start(serve(*this, client, peer), [this, &client](std::exception_ptr failure) {
    client.close();
    services_.count.connections_closed.add();
    open_.fetch_sub(1, std::memory_order_relaxed);
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      spdlog::error("session: ended by an unexpected failure: {}", error.what());
    }
  });
}

void worker::flush_tallies(io::deadline now) {
  if (now < next_flush_)
    return;
  next_flush_ = now + 500;
  services_.refused.flush(services_.lane, shared_.now().time_since_epoch().count());
  if (services_.seen_from.any())
    shared_.sighted(services_.seen_from.take());
}

} // namespace proxy::server
