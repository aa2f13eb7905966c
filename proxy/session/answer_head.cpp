// The answer's head: waited for, judged, and an upstream that breaks the rules turned into a 502.
#include "proxy/session/conversation.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace proxy::session {
namespace {

using policies::admission::refusal_code;

step failed(conversation& c, refusal_code code, std::string_view log, std::string message) {
  c.my.count.upstream_failures.add();
  spdlog::warn("upstream: {} (request {})", log, c.x.id_view());
  c.x.up.reusable = false;
  c.x.ledger.status = static_cast<std::uint16_t>(policies::admission::status_of(code));
  return c.x.refuse_with(code, std::move(message));
}

step malformed(conversation& c, std::string_view why) {
  return failed(
      c, refusal_code::upstream_failed, why,
      "The DeepSeek API sent an answer that is not valid HTTP; the request may have run.");
}

step no_answer(conversation& c, io::status why) {
  if (why != io::status::timeout)
    return failed(c, refusal_code::upstream_failed, "closed before its answer",
                  "The DeepSeek API closed the connection before it answered; the request may have "
                  "run.");
  if (c.my.loop.now() >= c.x.lifetime_end)
    c.x.ledger.ending = journal::ending::expired;
  return failed(c, refusal_code::upstream_timeout, "no answer in time",
                "The DeepSeek API did not answer in time; the request may have run.");
}

// Interim answers are skipped, up to a bound. A 101 to a request without Upgrade is a lie.
constexpr int interim_max = 8;

bool is_interim(const http::response_head& head) {
  return head.status < 200;
}

void skip_interim(outbound& up) {
  const std::size_t left = up.filled - up.head_length;
  std::memmove(up.block.get(), up.block.get() + up.head_length, left);
  up.filled = left;
}

void begin_body(outbound& up) {
  up.at = up.head_length;
  up.body_left = up.head.content_length;
  up.chunks = http::chunk_decoder{};
  up.complete = up.head.body == http::framing::none ||
                (up.head.body == http::framing::length && up.body_left == 0);
  // Bytes behind an answer without a body belong to nothing we asked for.
  up.reusable =
      up.request_whole && up.head.keep_alive && !(up.complete && up.filled > up.head_length);
}

bool turned_away(int status) {
  return status == 401 || status == 402 || status == 429;
}

policies::milliseconds rest_after(const http::response_head& head) {
  using std::chrono::seconds;
  if (head.status != 429)
    return head.status == 401 ? seconds{30} : seconds{60};
  int told = 1;
  std::from_chars(head.retry_after.data(), head.retry_after.data() + head.retry_after.size(), told);
  return seconds{std::clamp(told, 1, 60)};
}

// The key at hand rests; true: another one is chosen for the request. What was streamed is gone.
bool another_key_may_do(conversation& c) {
  exchange& x = c.x;
  upstream_keys& keys = c.my.shared.real_keys;
  if (keys.size() == 1)
    return false;
  keys.rest(*x.up.key, c.now() + rest_after(x.up.head));
  if (x.route.body == policies::access::body_kind::streamed || !x.up.request_whole)
    return false;
  const auto next = keys.choose(c.my.key_turns, x.up.keys_tried, c.now());
  if (!next)
    return false;
  if (x.up.head.status == 401)
    c.my.shared.key_refused(*x.up.key);
  spdlog::warn("upstream: real key {} of {} was turned away with {}, another one is asked",
               *x.up.key + 1, keys.size(), x.up.head.status);
  c.my.count.key_failovers.add();
  x.up.key = next;
  return true;
}

// The owner's trouble, not the client's: nothing of it is passed on, for it shows the real key's
// tail.
step upstream_refused(conversation& c) {
  const int status = c.x.up.head.status;
  c.my.count.upstream_refusals.add();
  if (status == 401)
    c.my.shared.key_refused(*c.x.up.key);
  spdlog::error(
      "upstream: refused the account's key or balance with {}: check upstream.key and the "
      "account's balance (request {})",
      status, c.x.id_view());
  c.x.up.reusable = false;
  c.x.ledger.ending = journal::ending::refused;
  return c.x.refuse_with(refusal_code::upstream_refused,
                         "The DeepSeek API refused this proxy's account; its owner has been told. "
                         "Nothing was charged.");
}

} // namespace

io::task<step> receive_answer(conversation& c) {
  outbound& up = c.x.up;
  const http::head_limits limits{std::min(block_bytes, c.settings().upstream.head_bytes_max),
                                 http::fields_max};
  const bool to_head = c.x.in.head.method == "HEAD";
  const io::deadline until =
      std::min(c.my.loop.in(c.settings().upstream.first_byte_timeout), c.x.lifetime_end);
  if (!up.block) {
    // Waited for without a block: the few that are in use at one time stay in the cache.
    if (const io::status got = co_await up.connection->arrived(until); got != io::status::ok)
      co_return no_answer(c, got);
    up.block = c.my.blocks.take();
  }
  int interim = 0;
  for (std::size_t scanned = 0;;) {
    const auto end = up.filled == 0
                         ? http::head_end{}
                         : http::find_response_end({up.block.get(), up.filled}, scanned, limits);
    if (end.error)
      co_return malformed(c, end.error->message);
    if (end.length > 0) {
      up.head_length = end.length;
      const auto error =
          http::parse_response_head(up.head, {up.block.get(), end.length}, to_head, limits);
      if (error)
        co_return malformed(c, *error);
      if (!is_interim(up.head))
        break;
      if (up.head.status == 101 || ++interim > interim_max)
        co_return malformed(c, "unexpected interim answers");
      skip_interim(up);
      scanned = 0;
      continue;
    }
    if (up.filled == block_bytes)
      co_return malformed(c, "head too large");
    const std::span<char> room{up.block.get() + up.filled, block_bytes - up.filled};
    const io::io_result got = co_await up.connection->read(room, until);
    if (got.what != io::status::ok)
      co_return no_answer(c, got.what);
    if (up.filled == 0)
      c.x.ledger.first_byte_at = std::chrono::steady_clock::now();
    up.filled += got.bytes;
  }
  c.x.ledger.status = static_cast<std::uint16_t>(up.head.status);
  begin_body(up);
  if (turned_away(up.head.status) && another_key_may_do(c))
    co_return step::retry;
  if (up.head.status == 401 || up.head.status == 402)
    co_return upstream_refused(c);
  co_return step::go_on;
}

} // namespace proxy::session
