// A body that is passed on as it comes (multipart uploads): never kept whole, so that it costs no
// memory. The upstream's pace is the client's.
#include "proxy/session/conversation.hpp"

#include <algorithm>
#include <array>

namespace proxy::session {
namespace {

using policies::admission::refusal_code;

io::task<bool> pass_on(conversation& c, std::string_view payload, bool chunked, bool last) {
  std::array<char, 18> size{};
  std::array<iovec, 4> pieces{};
  std::size_t count = 0;
  const auto add = [&](std::string_view text) {
    if (!text.empty())
      pieces[count++] = {const_cast<char*>(text.data()), text.size()};
  };
  if (chunked && !payload.empty())
    add({size.data(), http::write_chunk_head(size, payload.size())});
  add(payload);
  if (chunked && !payload.empty())
    add(http::chunk_end);
  if (chunked && last)
    add(http::last_chunk);
  const io::deadline until =
      std::min(c.my.loop.in(c.settings().upstream.idle_timeout), c.x.lifetime_end);
  const io::io_result sent = co_await c.x.up.connection->write({pieces.data(), count}, until);
  co_return sent.what == io::status::ok;
}

step upload_too_large(conversation& c) {
  return c.x.refuse_with(
      refusal_code::request_too_large,
      "The upload is larger than this proxy accepts. (refused by deepseek-proxy)");
}

// One read's worth of upload, taken out of the client's framing.
struct part {
  std::string_view payload;
  bool last = false;
  bool bad = false;
};

part take(conversation& c, http::chunk_decoder& decoder, std::span<char> fresh) {
  inbound& in = c.x.in;
  if (in.head.body == http::framing::length) {
    in.body_bytes += fresh.size();
    return {{fresh.data(), fresh.size()}, in.body_bytes == in.head.content_length};
  }
  const auto result = decoder.decode(fresh);
  in.body_bytes += result.payload;
  const bool done = result.now == http::chunk_decoder::state::done;
  if (done) // what follows is the next request
    in.next_at -= fresh.size() - result.consumed;
  return {{fresh.data(), result.payload},
          done,
          !done && result.now != http::chunk_decoder::state::more};
}

// The first bytes came with the head; the others are read in their place, never past a known
// length: an upload takes no block but its request's.
io::task<std::span<char>> next_bytes(conversation& c) {
  inbound& in = c.x.in;
  const std::uint64_t left =
      in.head.body == http::framing::length ? in.head.content_length - in.body_bytes : block_bytes;
  const std::size_t wanted = static_cast<std::size_t>(
      std::min<std::uint64_t>(left, std::min(block_bytes, in.capacity - in.head_length)));
  if (in.next_at == in.received) {
    in.next_at = in.received = in.head_length;
    const io::deadline until =
        std::min(body_deadline(c, in.upload_began, in.body_bytes), c.x.lifetime_end);
    const std::span<char> room{in.block.get() + in.head_length, wanted};
    const io::io_result got = co_await c.client.read(room, until);
    if (got.what == io::status::ok)
      in.received += got.bytes;
  }
  const std::span<char> fresh{in.block.get() + in.next_at,
                              std::min(wanted, in.received - in.next_at)};
  in.next_at += fresh.size();
  co_return fresh;
}

} // namespace

io::task<step> upload(conversation& c) {
  inbound& in = c.x.in;
  const bool chunked = in.head.body == http::framing::chunked;
  http::chunk_decoder decoder{{.body_bytes_max = c.settings().server.body_bytes_max}};
  in.next_at = in.head_length;
  c.x.in.upload_began = c.my.loop.now();
  auto told = send_continue(c);
  if (co_await std::move(told) != step::go_on)
    co_return step::drop;
  bool last = !chunked && in.head.content_length == 0;
  while (!last) {
    auto reading = next_bytes(c);
    const std::span<char> fresh = co_await std::move(reading);
    if (fresh.empty() || c.my.loop.now() >= c.x.lifetime_end) {
      c.x.client_gone = true;
      c.x.up.request_whole = false;
      co_return step::drop;
    }
    const part now = take(c, decoder, fresh);
    if (now.bad) {
      c.x.up.request_whole = false;
      co_return upload_too_large(c);
    }
    last = now.last;
    auto passing = pass_on(c, now.payload, chunked, last);
    if (!co_await std::move(passing)) {
      c.x.up.request_whole = false;
      break; // it may have answered already
    }
  }
  in.body_complete = last;
  if (!last)
    in.head.keep_alive = false;
  co_return step::go_on;
}

} // namespace proxy::session
