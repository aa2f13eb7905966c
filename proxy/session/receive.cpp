// Reading what the client sends: the head under one absolute deadline, the body at a minimum rate,
// both bounded.
#include "proxy/session/conversation.hpp"

#include <algorithm>
#include <cstring>

namespace proxy::session {
namespace {

using policies::admission::refusal_code;

// Heads that outgrow the block get a larger one, once.
bool grow(inbound& in, std::size_t bytes_max) {
  if (in.capacity >= bytes_max)
    return false;
  std::unique_ptr<char[]> larger{new char[bytes_max]};
  std::memcpy(larger.get(), in.block.get(), in.received);
  in.block = std::move(larger);
  in.capacity = bytes_max;
  return true;
}

step late(exchange& x, const char* what) {
  return x.refuse_with(refusal_code::request_timeout,
                       std::string("The request's ") + what +
                           " did not arrive in time. (refused by deepseek-proxy)");
}

// The rest of a body whose end fits into the block.
io::task<step> fill_block(conversation& c, std::size_t end) {
  inbound& in = c.x.in;
  const io::deadline began = c.my.loop.now();
  while (in.received < end) {
    const std::span<char> room{in.block.get() + in.received, in.capacity - in.received};
    const io::io_result got =
        co_await c.client.read(room, body_deadline(c, began, in.received - in.head_length));
    if (got.what == io::status::timeout)
      co_return late(c.x, "body");
    if (got.what != io::status::ok)
      co_return step::drop;
    in.received += got.bytes;
  }
  in.body = {in.block.get() + in.head_length, end - in.head_length};
  in.next_at = end;
  co_return step::go_on;
}

step over_budget(exchange& x) {
  return x.refuse_with(refusal_code::overloaded,
                       "Too many request bodies are in flight; try again shortly. (refused by "
                       "deepseek-proxy)");
}

step too_large(conversation& c) {
  return c.x.refuse_with(refusal_code::request_too_large,
                         "The body is larger than the " +
                             std::to_string(c.settings().server.body_bytes_max) +
                             " bytes this proxy accepts. (refused by deepseek-proxy)");
}

io::task<step> fill_large(conversation& c, std::size_t length) {
  inbound& in = c.x.in;
  const io::deadline began = c.my.loop.now();
  std::string_view at_hand{in.block.get() + in.head_length, in.received - in.head_length};
  while (in.large.size() < length) {
    std::span<char> room = in.large.room(c.my.shared.bodies, length);
    if (room.empty())
      co_return over_budget(c.x);
    room = room.first(std::min(room.size(), length - in.large.size()));
    if (!at_hand.empty()) {
      const std::size_t part = std::min(room.size(), at_hand.size());
      std::memcpy(room.data(), at_hand.data(), part);
      at_hand.remove_prefix(part);
      in.large.filled(part);
      continue;
    }
    const io::io_result got =
        co_await c.client.read(room, body_deadline(c, began, in.large.size()));
    if (got.what == io::status::timeout)
      co_return late(c.x, "body");
    if (got.what != io::status::ok)
      co_return step::drop;
    in.large.filled(got.bytes);
  }
  in.body = in.large.view();
  in.next_at = in.received;
  co_return step::go_on;
}

// What the decoder says of the bytes just put behind the payload so far.
struct decoded {
  step what = step::go_on;
  bool done = false;
};
decoded take_chunks(conversation& c, http::chunk_decoder& decoder, std::span<char> fresh) {
  inbound& in = c.x.in;
  const auto result = decoder.decode(fresh);
  in.large.filled(result.payload);
  using state = http::chunk_decoder::state;
  if (result.now == state::bad)
    return {c.x.refuse_with(refusal_code::invalid_request,
                            "The chunked body is malformed. (refused by deepseek-proxy)")};
  if (result.now == state::too_large)
    return {too_large(c)};
  if (result.now == state::more)
    return {};
  // What follows the body is the next request: back into the block, behind this head.
  const std::size_t left = fresh.size() - result.consumed;
  std::memcpy(in.block.get() + in.head_length, fresh.data() + result.consumed, left);
  in.received = in.head_length + left;
  in.next_at = in.head_length;
  return {step::go_on, true};
}

io::task<step> fill_chunked(conversation& c) {
  inbound& in = c.x.in;
  http::chunk_decoder decoder{{.body_bytes_max = c.settings().server.body_bytes_max}};
  const io::deadline began = c.my.loop.now();
  std::size_t at_hand = in.received - in.head_length;
  std::uint64_t received = 0;
  for (;;) {
    std::span<char> room = in.large.room(c.my.shared.bodies, 0);
    if (room.empty())
      co_return over_budget(c.x);
    // Never more than the block could take back.
    room = room.first(std::min(room.size(), in.capacity - in.head_length));
    std::size_t fresh = at_hand;
    if (at_hand > 0) {
      fresh = std::min(at_hand, room.size());
      std::memcpy(room.data(), in.block.get() + in.received - at_hand, fresh);
      at_hand -= fresh;
    } else {
      const io::io_result got = co_await c.client.read(room, body_deadline(c, began, received));
      if (got.what == io::status::timeout)
        co_return late(c.x, "body");
      if (got.what != io::status::ok)
        co_return step::drop;
      fresh = got.bytes;
    }
    received += fresh;
    const decoded now = take_chunks(c, decoder, room.first(fresh));
    if (now.what != step::go_on)
      co_return now.what;
    if (now.done)
      break;
  }
  in.body = in.large.view();
  co_return step::go_on;
}

} // namespace

// A body may be slow, but not slower than the minimum rate after a grace.
io::deadline body_deadline(const conversation& c, io::deadline began, std::uint64_t received) {
  constexpr std::int64_t grace_ms = 10'000;
  const std::int64_t rate =
      std::max<std::int64_t>(1, c.settings().server.body_bytes_per_second_min);
  return began + grace_ms + static_cast<std::int64_t>(received) * 1000 / rate;
}

io::task<step> receive_head(conversation& c) {
  inbound& in = c.x.in;
  const auto& server = c.settings().server;
  const http::head_limits limits{server.head_bytes_max, server.head_fields_max};
  const io::deadline until = c.my.loop.in(server.head_timeout);
  http::head_end end;
  for (;;) {
    end = http::find_head_end({in.block.get(), in.received}, in.scanned, limits);
    if (end.error || end.length > 0)
      break;
    if (in.received == in.capacity && !grow(in, server.head_bytes_max))
      co_return c.x.refuse_with(refusal_code::header_too_large,
                                "The request's head is too large. (refused by deepseek-proxy)");
    const std::span<char> room{in.block.get() + in.received, in.capacity - in.received};
    const io::io_result got = co_await c.client.read(room, until);
    if (got.what == io::status::timeout && in.received > 0)
      co_return late(c.x, "head");
    if (got.what != io::status::ok)
      co_return step::drop;
    in.received += got.bytes;
  }
  c.x.ledger.head_read = std::chrono::steady_clock::now();
  c.my.count.requests.add();
  std::optional<http::head_error> error = end.error;
  if (!error) {
    in.head_length = end.length;
    error = http::parse_request_head(in.head, {in.block.get(), end.length}, limits);
  }
  if (!error)
    co_return step::go_on;
  c.my.count.malformed.add();
  in.head.keep_alive = false;
  co_return c.x.refuse_with(error->code,
                            std::string(error->message) + " (refused by deepseek-proxy)");
}

io::task<step> send_continue(conversation& c) {
  if (!c.x.in.head.expect_continue || body_has_arrived(c.x))
    co_return step::go_on;
  constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
  iovec piece{const_cast<char*>(text.data()), text.size()};
  const io::deadline until = c.my.loop.in(c.settings().server.client_stall_timeout);
  const io::io_result sent = co_await c.client.write({&piece, 1}, until);
  co_return sent.what == io::status::ok ? step::go_on : step::drop;
}

bool body_has_arrived(const exchange& x) {
  const inbound& in = x.in;
  return in.head.body == http::framing::none ||
         (in.head.body == http::framing::length &&
          in.received - in.head_length >= in.head.content_length);
}

// Most bodies came with their head: nothing to wait for.
bool take_arrived_body(conversation& c) {
  inbound& in = c.x.in;
  if (!body_has_arrived(c.x) || in.head.content_length > c.settings().server.body_bytes_max)
    return false;
  // 0 where there is none.
  const auto length = static_cast<std::size_t>(in.head.content_length);
  in.next_at = in.head_length + length;
  in.body = {in.block.get() + in.head_length, length};
  in.body_bytes = length;
  in.body_complete = true;
  return true;
}

io::task<step> receive_body(conversation& c) {
  inbound& in = c.x.in;
  const std::uint64_t length = in.head.content_length;
  if (in.head.body == http::framing::length && length > c.settings().server.body_bytes_max)
    co_return too_large(c);
  auto told = send_continue(c);
  if (co_await std::move(told) != step::go_on)
    co_return step::drop;
  step s = step::go_on;
  if (in.head.body == http::framing::chunked) {
    auto filled = fill_chunked(c);
    s = co_await std::move(filled);
  } else if (in.head_length + length <= in.capacity) {
    auto filled = fill_block(c, in.head_length + length);
    s = co_await std::move(filled);
  } else {
    auto filled = fill_large(c, length);
    s = co_await std::move(filled);
  }
  in.body_complete = s == step::go_on;
  in.body_bytes = in.body.size();
  co_return s;
}

} // namespace proxy::session
