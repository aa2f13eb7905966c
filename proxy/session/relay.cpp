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

enum class framing_out : std::uint8_t { none, length, chunked, until_close };

framing_out framing_for(const exchange& x) {
  const outbound& up = x.up;
  if (up.head.body == http::framing::none) return framing_out::none;
  if (up.head.body == http::framing::length) return framing_out::length;
  return x.in.head.http_1_1 ? framing_out::chunked : framing_out::until_close;
}

void start_tap(exchange& x) {
  const outbound& up = x.up;
  x.up.tapped = x.route.generates && up.head.status < 400;
  if (!x.up.tapped) return;
  const auto kind = up.head.event_stream ? usage::tap::kind::sse : usage::tap::kind::plain;
  x.up.tap.start(x.format, kind, {});
}

// "" where it does not fit.
std::string_view write_client_head(conversation& c, framing_out framing) {
  exchange& x = c.x;
  if (!x.head_block) x.head_block = c.my.blocks.take();
  http::head_writer out{{x.head_block.get(), block_bytes}};
  http::write_client_fields(out, x.up.head);
  write_limit_fields(out, c);
  // The upstream tells nothing about when to come back; SDKs wait as told.
  if (x.up.head.status == 429 && x.up.head.retry_after.empty()) out.line("retry-after", "1");
  if (framing == framing_out::length) out.line("content-length", x.up.head.content_length);
  if (framing == framing_out::chunked) out.line("transfer-encoding", "chunked");
  if (framing == framing_out::until_close) x.in.head.keep_alive = false;
  if (c.my.draining) x.in.head.keep_alive = false;
  if (!x.in.head.keep_alive) out.line("connection", "close");
  else if (!x.in.head.http_1_1) out.line("connection", "keep-alive");
  out.end();
  return out.ok() ? out.text() : std::string_view{};
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
    if (framing == framing_out::chunked && last) add(http::last_chunk);
  }
  std::span<iovec> pieces() { return {pieces_.data(), count_}; }

 private:
  void add(std::string_view text) {
    if (!text.empty()) pieces_[count_++] = {const_cast<char*>(text.data()), text.size()};
  }
  std::array<char, 18> size_{};
  std::array<iovec, 5> pieces_{};
  std::size_t count_ = 0;
};

// The owner's trouble, not the client's: nothing of it is passed on, for it shows the real key's
// tail.
step upstream_refused(conversation& c) {
  const int status = c.x.up.head.status;
  c.my.count.upstream_refusals.add();
  spdlog::error("upstream: refused the account's key or balance with {}: check upstream.key and the "
                "account's balance (request {})",
                status, c.x.id_view());
  c.x.up.reusable = false;
  c.x.ledger.ending = journal::ending::refused;
  return c.x.refuse_with(refusal_code::upstream_refused,
                         "The DeepSeek API refused this proxy's account; its owner has been told. "
                         "Nothing was charged.");
}

step broken_off(conversation& c) {
  c.my.count.upstream_failures.add();
  c.x.up.reusable = false;
  if (c.my.loop.now() >= c.x.lifetime_end) c.x.ledger.ending = journal::ending::expired;
  spdlog::warn("upstream: broke off its answer (request {})", c.x.id_view());
  if (!c.x.answer_started)
    return c.x.refuse_with(refusal_code::upstream_failed,
                           "The DeepSeek API broke off its answer; the request may have run.");
  if (!c.x.in.head.http_1_1) c.client.abort(); // nothing else tells the client that bytes are missing
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
  if (c.x.up.tapped) c.x.up.tap.finish();
  settle(c);
  release_upstream(c);
}

} // namespace

io::task<step> relay(conversation& c) {
  exchange& x = c.x;
  if (x.up.head.status == 401 || x.up.head.status == 402) co_return upstream_refused(c);
  const framing_out framing = framing_for(x);
  start_tap(x);
  std::string_view head = write_client_head(c, framing);
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
      if (next.broken) co_return broken_off(c);
      if (x.up.tapped) x.up.tap.feed(next.payload);
    }
    first = false;
    const bool last = x.up.complete;
    if (last) close_books(c);
    if (x.client_gone) continue;
    frame out{std::exchange(head, {}), next.payload, framing, last};
    const io::deadline until = c.my.loop.in(c.settings().server.client_stall_timeout);
    const io::io_result sent = co_await c.client.write(out.pieces(), until);
    x.answer_started = true;
    c.my.count.bytes_to_clients.add(sent.bytes);
    if (sent.what == io::status::ok) continue;
    x.client_gone = true;
    drain_end = c.my.loop.in(c.settings().server.disconnect_drain_max);
    if (!last && !worth_draining(c)) co_return step::drop;
  } while (!x.up.complete);
  if (x.ledger.status < 600)
    c.my.count.answers_by_class[static_cast<std::size_t>(x.ledger.status / 100)].add();
  co_return x.client_gone ? step::drop : step::go_on;
}

} // namespace proxy::session
