// Asio underneath. While nothing is written the peer's departure is noticed by waiting for
// readability and peeking, so that a test sees a dropped stream at once.
#include "bench/simulator/wire.hpp"

#include <cerrno>
#include <sys/socket.h>

namespace simulator {
namespace {

constexpr auto completion = asio::as_tuple(asio::use_awaitable);
using transferred = std::tuple<boost::system::error_code, std::size_t>;
constexpr unsigned char tls_alert_record = 0x15;

} // namespace

wire::wire(tcp::socket socket, asio::ssl::context* tls, std::uint64_t id)
    : timer_(socket.get_executor()), id_(id) {
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  if (tls)
    tls_.emplace(std::move(socket), *tls);
  else
    plain_.emplace(std::move(socket));
}

asio::awaitable<bool> wire::handshake() {
  if (!tls_)
    co_return true;
  auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::server, completion);
  co_return !error;
}

asio::awaitable<std::size_t> wire::read_some(asio::mutable_buffer into, milliseconds limit) {
  if (watching_) {
    socket().cancel();
    watching_ = false;
  }
  if (limit.count() > 0) {
    timer_.expires_after(limit);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
      if (!ec)
        self->socket().cancel();
    });
  }
  transferred done;
  if (tls_)
    done = co_await tls_->async_read_some(into, completion);
  else
    done = co_await plain_->async_read_some(into, completion);
  if (limit.count() > 0)
    timer_.cancel();
  co_return std::get<0>(done) ? 0 : std::get<1>(done);
}

asio::awaitable<bool> wire::write(std::string_view bytes) {
  transferred done;
  const auto buffer = asio::buffer(bytes.data(), bytes.size());
  if (tls_)
    done = co_await asio::async_write(*tls_, buffer, completion);
  else
    done = co_await asio::async_write(*plain_, buffer, completion);
  if (std::get<0>(done))
    left_ = true;
  co_return !std::get<0>(done);
}

asio::awaitable<wire::waited> wire::pause(milliseconds length) {
  watch();
  const auto until = std::chrono::steady_clock::now() + length;
  while (!left_ && std::chrono::steady_clock::now() < until) {
    timer_.expires_at(until);
    co_await timer_.async_wait(completion);
  }
  co_return left_ ? waited::left : waited::elapsed;
}

asio::awaitable<wire::waited> wire::wait_at(gate& at, bool always, milliseconds length) {
  watch();
  if (!queued_at_) {
    passed_ = false;
    ticket_ = std::make_shared<gate::waiter>();
    ticket_->wake = [weak = weak_from_this(), executor = timer_.get_executor()] {
      asio::post(executor, [weak] {
        if (const auto self = weak.lock()) {
          self->passed_ = true;
          self->timer_.cancel();
        }
      });
    };
    if (at.pass(ticket_, always))
      co_return left_ ? waited::left : waited::passed;
    queued_at_ = &at;
  }
  const auto until = std::chrono::steady_clock::now() + length;
  while (!left_ && !passed_ && std::chrono::steady_clock::now() < until) {
    timer_.expires_at(until);
    co_await timer_.async_wait(completion);
  }
  if (!left_ && !passed_)
    co_return waited::elapsed;
  queued_at_ = nullptr;
  if (left_)
    at.leave(ticket_);
  co_return left_ ? waited::left : waited::passed;
}

void wire::watch() {
  if (watching_)
    return;
  watching_ = true;
  socket().async_wait(tcp::socket::wait_read,
                      [self = shared_from_this()](boost::system::error_code ec) {
                        if (ec || !self->peer_has_closed())
                          return;
                        self->left_ = true;
                        self->timer_.cancel();
                      });
}

bool wire::peer_has_closed() {
  unsigned char next = 0;
  const auto count = ::recv(socket().native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
  if (count > 0)
    return tls_ && next == tls_alert_record;
  return count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

void wire::reset() {
  boost::system::error_code ignored;
  socket().set_option(asio::socket_base::linger(true, 0), ignored);
  socket().close(ignored);
  left_ = true;
}

asio::awaitable<void> wire::close() {
  if (tls_ && !left_) {
    timer_.expires_after(std::chrono::seconds(1));
    timer_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
      if (!ec)
        self->socket().cancel();
    });
    co_await tls_->async_shutdown(completion);
    timer_.cancel();
  }
  boost::system::error_code ignored;
  socket().shutdown(tcp::socket::shutdown_send, ignored);
  socket().close(ignored);
}

} // namespace simulator
