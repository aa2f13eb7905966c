// The answer on its way to the client: bytes as they come, under framing of our own, with usage
// tapped on the side. The books are closed when the upstream's last byte is read, not when the
// client has taken it.
#include "proxy/session/conversation.hpp"

#include <algorithm>
#include <array>

namespace proxy::session {
namespace {

using policies::admission::refusal_code;
namespace usage = policies::usage;

void start_tap(exchange& x) {
  const outbound& up = x.up;
  x.up.tapped = x.route.generates && up.head.status < 400;
  if (!x.up.tapped)
    return;
  const auto kind = up.head.event_stream ? usage::tap::kind::sse : usage::tap::kind::plain;
  x.up.tap.start(x.format, kind, {});
}

// One piece of the answer with the framing around it, as one write.
class frame {
 public:
  frame(std::string_view head, std::string_view payload, framing_out framing, bool last) {
    add(head);
    if (framing == framing_out::chunked && !payload.empty()) {
      add({size_.data(), http::write_chunk_head(size_, payload.size())});
      add(payload);
      add(http::chunk_end);
    } else if (framing != framing_out::none) {
      add(payload);
    }
    if (framing == framing_out::chunked && last)
      add(http::last_chunk);
  }
  std::span<iovec> pieces() { return {pieces_.data(), count_}; }

 private:
  void add(std::string_view text) {
    if (!text.empty())
      pieces_[count_++] = {const_cast<char*>(text.data()), text.size()};
  }
  std::array<char, 18> size_{};
  std::array<iovec, 5> pieces_{};
  std::size_t count_ = 0;
};

step broken_off(conversation& c) {
  c.my.count.upstream_failures.add();
  c.x.up.reusable = false;
  if (c.my.loop.now() >= c.x.lifetime_end)
    c.x.ledger.ending = journal::ending::expired;
  spdlog::warn("upstream: broke off its answer (request {})", c.x.id_view());
  if (!c.x.answer_started)
    return c.x.refuse_with(refusal_code::upstream_failed,
                           "The DeepSeek API broke off its answer; the request may have run.");
  if (!c.x.in.head.http_1_1)
    c.client.abort(); // nothing else tells the client that bytes are missing
  return step::drop;
}

// Nobody reads any more: either the rest is drained for its usage, or the upstream is left.
bool worth_draining(const conversation& c) {
  return c.settings().server.on_disconnect == "drain" && c.x.up.tapped;
}

io::deadline read_deadline(const conversation& c, io::deadline drain_end) {
  return std::min({c.my.loop.in(c.settings().upstream.idle_timeout), c.x.lifetime_end, drain_end});
}

void close_books(conversation& c) {
  if (c.x.up.tapped)
    c.x.up.tap.finish();
  settle(c);
  release_upstream(c);
}

} // namespace

io::task<step> relay(conversation& c) {
  exchange& x = c.x;
  const framing_out framing = framing_for(x);
  start_tap(x);
  std::string_view head = write_client_head(c);
  if (head.empty())
    co_return x.refuse_with(refusal_code::upstream_failed, "The DeepSeek API's head is too large.");
  const bool head_goes_ahead = x.up.head.event_stream && x.up.at == x.up.filled;
  io::deadline drain_end = io::no_deadline;
  bool first = true;
  do {
    piece next;
    if (!x.up.complete && !(first && head_goes_ahead)) {
      auto reading = next_piece(c, read_deadline(c, drain_end));
      next = co_await std::move(reading);
      if (next.broken || (!x.up.complete && c.my.loop.now() >= x.lifetime_end))
        co_return broken_off(c);
      if (x.up.tapped)
        x.up.tap.feed(next.payload);
      if (x.repeat.collects())
        note_for_repeat(c, next.payload);
    }
    first = false;
    const bool last = x.up.complete;
    if (last) {
      close_books(c);
      keep_for_repeat(c);
    }
    if (x.client_gone)
      continue;
    frame out{std::exchange(head, {}), next.payload, framing, last};
    const io::deadline stall = c.my.loop.in(c.settings().server.client_stall_timeout);
    const io::deadline until = last ? stall : std::min(stall, x.lifetime_end);
    const io::io_result sent = co_await c.client.write(out.pieces(), until);
    x.answer_started = true;
    c.my.blocks.give(std::move(x.head_block)); // a slow reader holds one block, not two
    c.my.count.bytes_to_clients.add(sent.bytes);
    if (sent.what == io::status::ok)
      continue;
    x.client_gone = true;
    drain_end = c.my.loop.in(c.settings().server.disconnect_drain_max);
    if (!last && !worth_draining(c))
      co_return step::drop;
  } while (!x.up.complete);
  if (x.ledger.status < 600)
    c.my.count.answers_by_class[static_cast<std::size_t>(x.ledger.status / 100)].add();
  co_return x.client_gone ? step::drop : step::go_on;
}

} // namespace proxy::session
