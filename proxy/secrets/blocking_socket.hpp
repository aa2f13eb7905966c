// One connection to somewhere else, used while the caller waits: everything from the look-up of the
// name to the last byte under one deadline. Speaks TLS when told; knows no protocol above it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>

#include "proxy/upstream/tls_context.hpp"

namespace proxy::secrets {

class blocking_socket {
 public:
  using error_code = boost::system::error_code;
  using tcp = boost::asio::ip::tcp;
  struct place {
    std::string host;
    std::uint16_t port = 0;
    std::string shown; // in failures
  };
  // `stop` ends every wait early.
  blocking_socket(place to, std::chrono::milliseconds timeout, const std::stop_token& stop);
  ~blocking_socket();

  outcome<void> connect();
  // Certificates are verified against `ca_file` (PEM; empty: the system's) and the host's name.
  outcome<void> agree_on_tls(const std::string& ca_file);

  // Begins an operation on the stream and waits for its end. What is given up is destroyed with io_
  // and calls nobody: io_ is not run again.
  template <class Start>
  error_code finish(Start start) {
    std::optional<error_code> ended;
    start([&ended](const error_code& error, const auto&...) { ended = error; });
    io_.restart();
    const std::stop_callback stopped(stop_, [this] { io_.stop(); });
    while (!ended && io_.run_one_until(until_) > 0) {
    }
    return ended.value_or(error_code{boost::asio::error::timed_out});
  }
  // The same on whichever stream is spoken: `operation(stream, done)`.
  template <class Operation>
  error_code on_stream(Operation operation) {
    if (tls_)
      return finish([&](auto done) { operation(*tls_, std::move(done)); });
    return finish([&](auto done) { operation(socket_, std::move(done)); });
  }

  failure failed(const std::string& doing, const error_code& error) const;
  bool secured() const { return tls_ != nullptr; }

 private:
  const place to_;
  const std::stop_token stop_;
  const std::chrono::milliseconds timeout_;
  const std::chrono::steady_clock::time_point until_;
  boost::asio::io_context io_{1};
  tcp::socket socket_{io_};
  upstream::tls_context context_;
  std::unique_ptr<boost::asio::ssl::stream<tcp::socket&>> tls_;
};

} // namespace proxy::secrets
