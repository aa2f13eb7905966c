// The answer's body, out of the upstream's framing, whatever it is.
#include "proxy/session/conversation.hpp"

#include <algorithm>

namespace proxy::session {
namespace {

piece take_length(outbound& up, std::string_view fresh) {
  const std::size_t part =
      static_cast<std::size_t>(std::min<std::uint64_t>(up.body_left, fresh.size()));
  up.body_left -= part;
  up.complete = up.body_left == 0;
  if (part < fresh.size())
    up.reusable = false; // it said more than it promised
  return {fresh.substr(0, part)};
}

piece take_chunked(outbound& up, std::span<char> fresh) {
  const auto result = up.chunks.decode(fresh);
  using state = http::chunk_decoder::state;
  if (result.now == state::bad || result.now == state::too_large)
    return {{}, true};
  up.complete = result.now == state::done;
  if (up.complete && result.consumed < fresh.size())
    up.reusable = false;
  return {{fresh.data(), result.payload}};
}

piece take(outbound& up, std::span<char> fresh) {
  switch (up.head.body) {
  case http::framing::length:
    return take_length(up, {fresh.data(), fresh.size()});
  case http::framing::chunked:
    return take_chunked(up, fresh);
  default:
    return {{fresh.data(), fresh.size()}};
  }
}

} // namespace

io::task<piece> next_piece(conversation& c, io::deadline until) {
  outbound& up = c.x.up;
  for (;;) {
    if (up.at == up.filled) {
      // A stream that waits for its next event holds no block.
      c.my.blocks.give(std::move(up.block));
      const io::status arrived = co_await up.connection->arrived(until);
      up.block = c.my.blocks.take();
      if (arrived != io::status::ok)
        co_return piece{{}, true};
      const std::span<char> room{up.block.get(), block_bytes};
      const io::io_result got = co_await up.connection->read(room, until);
      up.at = up.filled = 0;
      if (got.what == io::status::closed && up.head.body == http::framing::until_close) {
        up.complete = true;
        up.reusable = false;
        co_return piece{};
      }
      if (got.what != io::status::ok)
        co_return piece{{}, true};
      up.filled = got.bytes;
    }
    const std::span<char> fresh{up.block.get() + up.at, up.filled - up.at};
    up.at = up.filled = 0;
    const piece taken = take(up, fresh);
    // A read may end inside framing and carry no payload: then there is nothing to pass on yet.
    if (taken.broken || up.complete || !taken.payload.empty())
      co_return taken;
  }
}

void release_upstream(conversation& c) {
  outbound& up = c.x.up;
  if (!up.connection)
    return;
  if (up.complete && up.reusable)
    c.my.upstream.give_back(*up.connection);
  else
    up.connection->close();
  up.connection = nullptr;
}

} // namespace proxy::session
