// Listening, accepting, and the thread they run on.
#include "proxy/admin/admin_server.hpp"

#include <fcntl.h>

#include <boost/asio/co_spawn.hpp>

#include "proxy/admin/delegated.hpp"
#include "proxy/admin/session.hpp"

namespace proxy::admin {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t connections_max = 256;
constexpr std::chrono::milliseconds accept_pause{100}; // where the system has no descriptor left

} // namespace

struct admin_server::state {
  admin_context context;
  std::string listen_address;
  std::size_t connections = 0;
  guesses wrong_keys;
  web_sessions browsers;
  issued_answers issued;
  event_feed feed;
  tls::context tls;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  std::thread thread;

  explicit state(admin_context c) : context(std::move(c)) {}
  outcome<config::host_port> listen(const config::host_port& where);
  asio::awaitable<void> accept_all();
  void serve_one(tcp::socket socket);
  void begin();
  void run();
};

outcome<config::host_port> admin_server::state::listen(const config::host_port& where) {
  error_code error;
  const auto address = asio::ip::make_address(where.host, error);
  const tcp::endpoint at{address, where.port};
  if (!error)
    acceptor.open(at.protocol(), error);
  if (!error)
    acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
  if (!error)
    acceptor.bind(at, error);
  if (!error)
    acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    error_code ignored;
    acceptor.close(ignored);
    return failure{errc::address_in_use, fmt::format("admin.listen: cannot listen on {}:{}: {}",
                                                     where.host, where.port, error.message())};
  }
  listen_address = where.host;
  return config::host_port{where.host, acceptor.local_endpoint().port()};
}

void admin_server::state::serve_one(tcp::socket socket) {
  ++connections;
  const session_scope scope{context, listen_address, wrong_keys, browsers, issued, feed, tls};
  asio::co_spawn(io, serve(std::move(socket), scope), [this](const std::exception_ptr& thrown) {
    --connections;
    if (thrown)
      spdlog::error("an admin connection failed");
  });
}

asio::awaitable<void> admin_server::state::accept_all() {
  const auto nothrow = asio::as_tuple(asio::use_awaitable);
  asio::steady_timer pause{io};
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(nothrow);
    if (!error && connections < connections_max) {
      serve_one(std::move(socket));
      continue;
    }
    if (error && error != asio::error::connection_aborted) {
      pause.expires_after(accept_pause);
      co_await pause.async_wait(nothrow);
    }
  }
}

void admin_server::state::begin() {
  asio::co_spawn(io, accept_all(), asio::detached);
  thread = std::thread([this] { run(); });
}

void admin_server::state::run() {
  for (;;) {
    try {
      io.run();
      return;
    } catch (const std::exception& error) { // one connection's handler; the others go on
      spdlog::error("admin plane: {}", error.what());
    }
  }
}

admin_server::admin_server(admin_context context)
    : state_(std::make_unique<state>(std::move(context))) {}

admin_server::~admin_server() {
  stop();
}

outcome<config::host_port> admin_server::start(const std::string& listen) {
  const auto where = config::parse_listen(listen);
  if (!where)
    return failure{errc::bad_configuration,
                   "admin.listen: '" + listen + "' is not like 127.0.0.1:8081"};
  auto bound = state_->listen(*where);
  if (bound)
    state_->begin();
  return bound;
}

outcome<config::host_port> admin_server::start_on(int listening) {
  error_code error;
  sockaddr_storage at{};
  socklen_t length = sizeof at;
  ::getsockname(listening, reinterpret_cast<sockaddr*>(&at), &length);
  state_->acceptor.assign(at.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), listening, error);
  const tcp::endpoint bound = error ? tcp::endpoint{} : state_->acceptor.local_endpoint(error);
  if (error)
    return failure{errc::address_in_use,
                   "admin.listen: the socket handed in is not usable: " + error.message()};
  state_->listen_address = bound.address().to_string();
  state_->begin();
  return config::host_port{state_->listen_address, bound.port()};
}

int admin_server::copy_of_listener() {
  return ::fcntl(state_->acceptor.native_handle(), F_DUPFD_CLOEXEC, 3);
}

void admin_server::use_tls(tls::context settings) {
  if (!state_->thread.joinable()) {
    state_->tls = std::move(settings);
    return;
  }
  asio::post(state_->io, [s = state_.get(), next = std::move(settings)] { s->tls = next; });
}

void admin_server::administer(delegated_call call, std::function<void(reply)> done) {
  asio::post(state_->io, [s = state_.get(), call = std::move(call), done = std::move(done)] {
    done(answer_delegated(s->context, s->issued, call));
  });
}

void admin_server::stop() {
  if (!state_->thread.joinable())
    return;
  state_->io.stop();
  state_->thread.join();
}

} // namespace proxy::admin
