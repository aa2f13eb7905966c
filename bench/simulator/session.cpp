// Reads requests with Beast's parser, one after the other, and hands each to its endpoint.
#include "bench/simulator/session.hpp"

#include <boost/beast/core/flat_buffer.hpp>

#include "bench/simulator/endpoints.hpp"

namespace simulator {
namespace {

namespace http = boost::beast::http;

constexpr std::uint64_t body_bytes_max = std::uint64_t{64} << 20;
constexpr std::uint32_t head_bytes_max = 64 * 1024;
constexpr std::size_t read_bytes = 16 * 1024;

enum class reading : std::uint8_t { complete, ended, malformed, too_large };

class request_reader {
 public:
  explicit request_reader(wire& peer) : peer_(peer) {}

  // `idle` bounds the wait for the first byte; 0: no bound.
  asio::awaitable<reading> next(milliseconds idle);
  const http_request& request() const { return parser_->get(); }

 private:
  reading feed();
  asio::awaitable<bool> invite_body();

  wire& peer_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  bool invited_ = false;
};

reading request_reader::feed() {
  boost::system::error_code ec;
  while (buffer_.size() > 0 && !parser_->is_done()) {
    const auto used = parser_->put(buffer_.data(), ec);
    buffer_.consume(used);
    if (ec == http::error::need_more) {
      ec = {};
      break;
    }
    if (ec == http::error::body_limit)
      return reading::too_large;
    if (ec)
      return reading::malformed;
  }
  return parser_->is_done() ? reading::complete : reading::ended;
}

asio::awaitable<bool> request_reader::invite_body() {
  if (invited_ || !parser_->is_header_done() || parser_->get()[http::field::expect].empty())
    co_return true;
  invited_ = true;
  co_return co_await peer_.write("HTTP/1.1 100 Continue\r\n\r\n");
}

asio::awaitable<reading> request_reader::next(milliseconds idle) {
  parser_.emplace();
  parser_->eager(true);
  parser_->body_limit(body_bytes_max);
  parser_->header_limit(head_bytes_max);
  invited_ = false;
  for (;;) {
    const auto result = feed();
    if (result != reading::ended)
      co_return result;
    if (!co_await invite_body())
      co_return reading::ended;
    const auto room = buffer_.prepare(read_bytes);
    const auto count = co_await peer_.read_some({room.data(), room.size()}, idle);
    if (count == 0)
      co_return reading::ended;
    buffer_.commit(count);
    idle = milliseconds{0};
  }
}

asio::awaitable<void> refuse_unreadable(wire& peer, const problem& why) {
  const fault_list none;
  const answer_terms terms{.keep_alive = false};
  answer out(peer, none, terms);
  co_await out.plain(why.status, why.type, why.body);
}

asio::awaitable<void> exchange_all(wire& peer, world& state) {
  request_reader reader(peer);
  for (std::int64_t served = 1;; ++served) {
    const auto how = state.how();
    const auto result = co_await reader.next(milliseconds{how->idle_close_ms});
    if (result == reading::ended)
      co_return;
    if (result != reading::complete) {
      const problem why =
          result == reading::too_large ? too_large() : bad_request("Malformed HTTP request");
      co_await refuse_unreadable(peer, why);
      co_return;
    }
    const std::string_view target{reader.request().target().data(),
                                  reader.request().target().size()};
    if (is_control(target)) {
      if (!co_await serve_control(state, peer, reader.request()))
        co_return;
      continue;
    }
    const bool last_one =
        how->requests_per_connection > 0 && served >= how->requests_per_connection;
    exchange x(state, peer, reader.request(), last_one);
    co_await respond(x);
    if (!x.out.keep_alive())
      co_return;
  }
}

} // namespace

asio::awaitable<void> serve_connection(std::shared_ptr<wire> peer, world& state) {
  try {
    const bool ready = co_await peer->handshake();
    if (ready)
      co_await exchange_all(*peer, state);
  } catch (const std::exception&) {
    // Beast throws on some monstrous trailers; the connection is lost, the simulator is not.
    peer->reset();
  }
  co_await peer->close();
}

} // namespace simulator
