// One accepted connection, plain or TLS: reading, writing, waiting while watching for the peer's
// departure, and ending it well or badly. Knows bytes; knows no HTTP.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>

#include "bench/simulator/gate.hpp"

namespace simulator {

namespace asio = boost::asio;
using asio::ip::tcp;
using milliseconds = std::chrono::milliseconds;

class wire : public std::enable_shared_from_this<wire> {
 public:
  wire(tcp::socket socket, asio::ssl::context* tls, std::uint64_t id);

  std::uint64_t id() const { return id_; }

  asio::awaitable<bool> handshake();
  // Bytes read; 0 when the connection ended. `limit` 0: none.
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer into, milliseconds limit);
  asio::awaitable<bool> write(std::string_view bytes);

  enum class waited : std::uint8_t { elapsed, passed, left };
  // Sleeps; `left` at once when the peer closes meanwhile.
  asio::awaitable<waited> pause(milliseconds length);
  // Waits for the gate, for `length` at most: `passed`, `elapsed` (still queued), or `left`.
  asio::awaitable<waited> wait_at(gate& at, bool always, milliseconds length);

  void reset();                  // RST
  asio::awaitable<void> close(); // FIN, after close_notify

  bool peer_left() const { return left_; }

 private:
  tcp::socket& socket() { return tls_ ? tls_->next_layer() : *plain_; }
  void watch();
  bool peer_has_closed();

  std::optional<tcp::socket> plain_;
  std::optional<asio::ssl::stream<tcp::socket>> tls_;
  asio::steady_timer timer_;
  gate* queued_at_ = nullptr;
  gate::ticket ticket_;
  std::uint64_t id_;
  bool watching_ = false;
  bool left_ = false;
  bool passed_ = false;
};

} // namespace simulator
