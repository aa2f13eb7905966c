// Asio's operations one after the other, each run to its end before the next begins.
#include "proxy/secrets/blocking_socket.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace proxy::secrets {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

// Shared with the thread that looks the name up, which may outlive the wait for it: getaddrinfo
// cannot be told to give up.
struct lookup {
  std::mutex lock;
  std::condition_variable_any told;
  bool done = false;
  error_code error;
  tcp::resolver::results_type found;
};

void look_up(const std::shared_ptr<lookup>& into, const std::string& host, std::uint16_t port) {
  asio::io_context unused;
  tcp::resolver resolver{unused};
  error_code error;
  auto found = resolver.resolve(host, std::to_string(port), error);
  const std::lock_guard guard(into->lock);
  into->error = error;
  into->found = std::move(found);
  into->done = true;
  into->told.notify_all();
}

} // namespace

blocking_socket::blocking_socket(place to, std::chrono::milliseconds timeout,
                                 const std::stop_token& stop)
    : to_(std::move(to)), stop_(stop), timeout_(timeout),
      until_(std::chrono::steady_clock::now() + timeout) {}

blocking_socket::~blocking_socket() = default;

outcome<void> blocking_socket::connect() {
  const auto looked = std::make_shared<lookup>();
  std::thread([looked, host = to_.host, port = to_.port] { look_up(looked, host, port); }).detach();
  {
    std::unique_lock guard(looked->lock);
    if (!looked->told.wait_until(guard, stop_, until_, [&] { return looked->done; }))
      return failed("looking up the name", asio::error::timed_out);
  }
  if (looked->error)
    return failed("looking up the name", looked->error);
  const error_code connected =
      finish([&](auto done) { asio::async_connect(socket_, looked->found, std::move(done)); });
  if (connected)
    return failed("connecting", connected);
  return {};
}

outcome<void> blocking_socket::agree_on_tls(const std::string& ca_file) {
  auto context = upstream::make_client_context(ca_file);
  if (!context)
    return failure{
        errc::bad_configuration,
        "cannot load the certificates of authorities from " +
            (ca_file.empty() ? "the system's store (install ca-certificates)" : ca_file)};
  context_ = std::move(*context);
  SSL* const state = upstream::make_client_tls(*context_, to_.host);
  if (!state)
    return failure{errc::upstream_unreachable, "OpenSSL has no memory for a connection"};
  tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, state); // owns the state
  const error_code shaken = finish(
      [&](auto done) { tls_->async_handshake(asio::ssl::stream_base::client, std::move(done)); });
  if (shaken)
    return failed("agreeing on TLS", shaken);
  return {};
}

failure blocking_socket::failed(const std::string& doing, const error_code& error) const {
  const std::string where = doing + " (" + to_.shown + "): ";
  if (stop_.stop_requested())
    return {errc::upstream_unreachable, where + "given up, for the proxy ends"};
  if (error == asio::error::timed_out)
    return {errc::upstream_timeout,
            where + "not done within " + std::to_string(timeout_.count()) + " ms"};
  return {errc::upstream_unreachable, where + error.message()};
}

} // namespace proxy::secrets
