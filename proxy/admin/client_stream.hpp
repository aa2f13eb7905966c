// A socket of the admin plane, plain or TLS: what Asio and Beast read and write, whichever it is.
#pragma once

#include <memory>
#include <optional>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>

namespace proxy::admin {

class client_stream {
 public:
  using executor_type = boost::asio::ip::tcp::socket::executor_type;
  using secured = boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>;

  explicit client_stream(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}
  client_stream(const client_stream&) = delete; // TLS refers to the socket
  client_stream& operator=(const client_stream&) = delete;

  // Takes `tls`; the handshake follows.
  void use_tls(SSL* tls) { tls_.emplace(socket_, tls); }
  bool is_tls() const { return tls_.has_value(); }

  executor_type get_executor() { return socket_.get_executor(); }
  boost::asio::ip::tcp::socket& socket() { return socket_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& into, Token&& token) {
    return tls_ ? tls_->async_read_some(into, std::forward<Token>(token))
                : socket_.async_read_some(into, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& from, Token&& token) {
    return tls_ ? tls_->async_write_some(from, std::forward<Token>(token))
                : socket_.async_write_some(from, std::forward<Token>(token));
  }
  template <class Token>
  auto async_handshake(Token&& token) {
    return tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Token>(token));
  }
  // Says that nothing more comes, so that the peer does not take the end for a cut.
  template <class Token>
  auto async_shutdown(Token&& token) {
    return tls_->async_shutdown(std::forward<Token>(token));
  }

 private:
  boost::asio::ip::tcp::socket socket_;
  std::optional<secured> tls_;
};

} // namespace proxy::admin
