// One io_context a thread; connections are dealt out in turn.
#include "bench/simulator/server.hpp"

#include <thread>
#include <vector>

#include <fmt/format.h>

#include "bench/simulator/session.hpp"

namespace simulator {

struct server::parts {
  explicit parts(const server_settings& settings)
      : state(settings.key, settings.any_key, settings.how), address(settings.address) {}

  asio::awaitable<void> accept_all();

  world state;
  std::string address;
  std::uint16_t port = 0;
  std::optional<asio::ssl::context> tls;
  std::vector<std::unique_ptr<asio::io_context>> contexts;
  std::optional<tcp::acceptor> acceptor;
  std::vector<std::thread> threads;
  std::uint64_t accepted = 0;
};

asio::awaitable<void> server::parts::accept_all() {
  const auto completion = asio::as_tuple(asio::use_awaitable);
  asio::steady_timer pause(acceptor->get_executor());
  for (;;) {
    auto& context = *contexts[accepted % contexts.size()];
    auto [error, socket] = co_await acceptor->async_accept(context, completion);
    if (!acceptor->is_open())
      co_return;
    if (error) { // out of descriptors, most likely: accepting again at once would spin
      pause.expires_after(std::chrono::milliseconds(50));
      co_await pause.async_wait(completion);
      continue;
    }
    auto peer = std::make_shared<wire>(std::move(socket), tls ? &*tls : nullptr, ++accepted);
    asio::co_spawn(context, serve_connection(std::move(peer), state), asio::detached);
  }
}

server::server(const server_settings& settings) : parts_(std::make_unique<parts>(settings)) {
  auto& p = *parts_;
  if (!settings.tls_certificate_file.empty()) {
    p.tls.emplace(asio::ssl::context::tls_server);
    p.tls->use_certificate_chain_file(settings.tls_certificate_file);
    p.tls->use_private_key_file(settings.tls_key_file, asio::ssl::context::pem);
  }
  for (unsigned i = 0; i < std::max(1u, settings.threads); ++i)
    p.contexts.push_back(std::make_unique<asio::io_context>(1));
  const tcp::endpoint where(asio::ip::make_address(settings.address), settings.port);
  p.acceptor.emplace(*p.contexts.front(), where);
  p.acceptor->listen(asio::socket_base::max_listen_connections);
  p.port = p.acceptor->local_endpoint().port();
  asio::co_spawn(*p.contexts.front(), p.accept_all(), asio::detached);
  for (auto& context : p.contexts) {
    p.threads.emplace_back([&context] {
      const auto work = asio::make_work_guard(*context);
      context->run();
    });
  }
}

server::~server() {
  stop();
}

std::uint16_t server::port() const {
  return parts_->acceptor->local_endpoint().port();
}

std::string server::url() const {
  return fmt::format("{}://{}:{}", parts_->tls ? "https" : "http", parts_->address, port());
}

world& server::state() {
  return parts_->state;
}

void server::stop() {
  auto& p = *parts_;
  for (auto& context : p.contexts)
    context->stop();
  for (auto& thread : p.threads)
    thread.join();
  p.threads.clear();
  // Destroys the suspended coroutines, whose exchanges settle their bills.
  p.acceptor.reset();
  p.contexts.clear();
}

} // namespace simulator
