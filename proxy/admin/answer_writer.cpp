// The head of every answer, and bodies that are whole or come in pieces.
#include "proxy/admin/answer_writer.hpp"

#include <sys/socket.h>

#include "proxy/admin/dashboard.hpp"

namespace proxy::admin {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::awaitable;

constexpr std::size_t write_bytes_max = 64 * 1024;
const auto nothrow = asio::as_tuple(asio::use_awaitable);

using message_type = http::response<http::string_body>;

message_type message_of(reply& what, const answer_form& form) {
  message_type message{static_cast<http::status>(what.status), form.version};
  message.set(http::field::content_type, what.type);
  message.set(http::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  message.set("Content-Security-Policy", content_security_policy);
  message.set("Referrer-Policy", "no-referrer");
  if (!what.cookie.empty())
    message.set(http::field::set_cookie, what.cookie);
  if (!what.etag.empty())
    message.set(http::field::etag, what.etag);
  if (!what.allow.empty())
    message.set(http::field::allow, what.allow);
  if (what.status == 401)
    message.set(http::field::www_authenticate, "Bearer");
  if (what.retry_after > std::chrono::seconds{0})
    message.set(http::field::retry_after, std::to_string(what.retry_after.count()));
  message.keep_alive(form.keep_alive);
  if (what.parts) {
    message.chunked(form.version == 11);
    return message;
  }
  message.body() = std::move(what.body);
  message.prepare_payload();
  return message;
}

awaitable<bool> write_slice(client_end to, asio::const_buffer slice, bool chunked) {
  to.limit.set(to.write_max, deadline::ends::everything);
  if (!chunked) {
    const auto [error, count] = co_await asio::async_write(to.stream, slice, nothrow);
    co_return !error;
  }
  const auto framed = http::make_chunk(slice);
  const auto [error, count] = co_await asio::async_write(to.stream, framed, nothrow);
  co_return !error;
}

// false: the client has left meanwhile.
awaitable<bool> wait(client_end to, std::chrono::milliseconds pause) {
  asio::steady_timer timer{co_await asio::this_coro::executor};
  to.limit.set(pause + to.write_max, deadline::ends::everything);
  timer.expires_after(pause);
  co_await timer.async_wait(nothrow);
  char next = 0;
  co_return ::recv(to.stream.socket().native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

awaitable<bool> write_pieces(client_end to, pieces& parts, bool chunked) {
  while (const auto part = parts.next()) {
    if (part->empty() && !co_await wait(to, parts.pause()))
      co_return false;
    for (std::size_t at = 0; at < part->size(); at += write_bytes_max) {
      const asio::const_buffer slice{part->data() + at,
                                     std::min(write_bytes_max, part->size() - at)};
      if (!co_await write_slice(to, slice, chunked))
        co_return false;
    }
  }
  if (!chunked)
    co_return true;
  const auto last = http::make_chunk_last();
  const auto [error, count] = co_await asio::async_write(to.stream, last, nothrow);
  co_return !error;
}

} // namespace

awaitable<bool> write_answer(client_end to, reply what, answer_form form) {
  const bool chunked = what.parts && form.version == 11;
  if (what.parts && !chunked)
    form.keep_alive = false; // the end of the connection is the end of the body
  message_type message = message_of(what, form);
  to.limit.set(to.write_max, deadline::ends::everything);
  if (form.head_only || what.parts) {
    http::response_serializer<http::string_body> head{message};
    const auto [error, count] = co_await http::async_write_header(to.stream, head, nothrow);
    if (error)
      co_return false;
    if (!form.head_only && !co_await write_pieces(to, *what.parts, chunked))
      co_return false;
    co_return form.keep_alive;
  }
  const auto [error, count] = co_await http::async_write(to.stream, message, nothrow);
  co_return !error && form.keep_alive;
}

} // namespace proxy::admin
