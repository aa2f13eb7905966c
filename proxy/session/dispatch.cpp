// To the upstream: a connection, the intent in the journal, then the request, its head written
// anew and its body as it came but for the output cap.
#include "proxy/session/conversation.hpp"

#include <algorithm>
#include <array>

#include "proxy/http/head_writer.hpp"
#include "proxy/session/ledger_entry.hpp"
#include "proxy/session/tracing.hpp"

namespace proxy::session {
namespace {

using policies::admission::refusal_code;

std::size_t body_size(const exchange& x) {
  return x.edits.resulting_size(x.in.body.size());
}

bool has_body(const exchange& x) {
  return x.in.head.body != http::framing::none;
}

// The client's fields, the real key and what we add.
std::span<char> room_for_head(conversation& c, std::string_view bearer) {
  exchange& x = c.x;
  const process& shared = c.my.shared;
  constexpr std::size_t our_fields = 512;
  const std::size_t wanted = x.in.head_length + shared.upstream_host.size() +
                             shared.upstream_base_path.size() + bearer.size() + our_fields;
  if (wanted > block_bytes) {
    x.large_head_pooled = wanted <= request_block_bytes;
    if (x.large_head_pooled)
      x.large_head = c.my.request_blocks.take();
    else
      x.large_head.reset(new char[wanted]);
    return {x.large_head.get(), wanted};
  }
  if (!x.head_block)
    x.head_block = c.my.blocks.take();
  return {x.head_block.get(), block_bytes};
}

// While it waits, a request holds what it must.
void give_back_head(conversation& c) {
  exchange& x = c.x;
  c.my.blocks.give(std::move(x.head_block));
  if (x.large_head && x.large_head_pooled)
    c.my.request_blocks.give(std::move(x.large_head));
  x.large_head.reset();
}

std::string_view write_head(conversation& c) {
  exchange& x = c.x;
  const process& shared = c.my.shared;
  const std::string_view bearer = shared.real_keys.read(*x.up.key);
  http::head_writer out{room_for_head(c, bearer)};
  if (shared.traces)
    make_trace(x, c.settings().trace_sample);
  const http::upstream_identity to{shared.upstream_host, shared.upstream_base_path, bearer,
                                   x.trace_made ? std::string_view{x.trace.data(), x.trace.size()}
                                                : std::string_view{}};
  http::request_framing framing;
  if (x.route.body == policies::access::body_kind::streamed)
    framing = {x.in.head.body, x.in.head.content_length};
  else if (has_body(x))
    framing = {http::framing::length, body_size(x)};
  http::write_upstream_head(out, x.in.head, to, x.id_view(), framing);
  return out.ok() ? out.text() : std::string_view{};
}

using pieces = std::array<iovec, 20>; // head, and body pieces around at most 8 edits

std::span<iovec> gather(pieces& out, std::string_view head, const exchange& x) {
  std::size_t count = 0;
  const auto add = [&](std::string_view text) {
    if (!text.empty())
      out[count++] = {const_cast<char*>(text.data()), text.size()};
  };
  add(head);
  std::size_t at = 0;
  for (const policies::usage::edit& edit : x.edits.list()) {
    add(x.in.body.substr(at, edit.offset - at));
    add(edit.insert);
    at = edit.offset + edit.remove;
  }
  add(x.in.body.substr(at));
  return {out.data(), count};
}

// The intent stands in the journal before the first byte can leave.
bool record_intent(conversation& c) {
  exchange& x = c.x;
  if (x.ledger.dispatched)
    return true; // a retry of the same request
  if (!c.my.lane.room_for_intent())
    return false;
  x.ledger.dispatched_at = std::chrono::steady_clock::now();
  c.my.lane.append(intent_of(x, c.now()));
  x.ledger.dispatched = true;
  c.my.count.dispatched.add();
  return true;
}

// Nothing is sent on a hold that the store may have lost. What is in the journal is held again.
bool held_still(const exchange& x) {
  return x.ledger.dispatched || !x.reservation.stands || x.reservation.stands->load();
}

// It may be well in a second.
step refuse_for_now(exchange& x, refusal_code why, const char* message) {
  x.refuse_with(why, message);
  x.refusal->retry_after = policies::milliseconds{1000};
  return step::refuse;
}

step hold_lost(conversation& c) {
  return refuse_for_now(c.x, refusal_code::enforcement_unavailable,
                        "What keeps the limits may have lost what this request was to hold; "
                        "nothing was sent. (refused by deepseek-proxy)");
}

step unreachable(conversation& c, const failure& why) {
  c.my.count.upstream_failures.add();
  spdlog::warn("upstream: {}", why.message);
  return refuse_for_now(c.x, refusal_code::upstream_unreachable,
                        "The DeepSeek API cannot be reached from this proxy right now; nothing "
                        "was charged. Try again shortly.");
}

step no_room(conversation& c) {
  return refuse_for_now(c.x, refusal_code::enforcement_unavailable,
                        "The journal has no room (is the disk full?), so nothing is let through. "
                        "(refused by deepseek-proxy)");
}

step head_too_large(exchange& x) {
  return x.refuse_with(refusal_code::header_too_large,
                       "The request's head is too large to pass on. (refused by deepseek-proxy)");
}

io::deadline send_deadline(const conversation& c) {
  return std::min(c.my.loop.in(c.settings().upstream.idle_timeout), c.x.lifetime_end);
}

void drop_connection(exchange& x) {
  x.up.connection->close();
  x.up.connection = nullptr;
}

} // namespace

io::task<step> dispatch(conversation& c) {
  exchange& x = c.x;
  if (!x.up.key) {
    x.lifetime_end = c.my.loop.in(c.settings().server.request_lifetime_max);
    x.up.key = c.my.shared.real_keys.choose(c.my.key_turns, 0, c.now()).value_or(0);
  }
  x.up.keys_tried |= 1u << *x.up.key;
  std::string_view head; // written once there is somebody to send it to: connecting takes its time
  for (;;) {
    x.up.connection = c.my.upstream.take_idle();
    const bool pooled = x.up.connection != nullptr;
    (pooled ? c.my.count.upstream_reused : c.my.count.upstream_opened).add();
    if (!pooled) {
      auto connecting = c.my.upstream.connect();
      outcome<io::stream*> made = co_await std::move(connecting);
      if (!made)
        co_return unreachable(c, made.error());
      x.up.connection = *made;
    }
    if (head.empty() && (head = write_head(c)).empty()) {
      drop_connection(x);
      co_return head_too_large(x);
    }
    const step caller = check_caller_now(c);
    const bool held = held_still(x);
    if (caller != step::go_on || !held || !record_intent(c)) {
      drop_connection(x);
      co_return caller != step::go_on ? caller : held ? no_room(c) : hold_lost(c);
    }
    // Head and body at once. The bytes sent tell whether another connection may be tried.
    pieces room;
    const std::span<iovec> all = gather(room, head, x);
    const io::io_result sent = co_await x.up.connection->write(all, send_deadline(c));
    x.up.request_whole = sent.what == io::status::ok;
    if (sent.bytes > 0)
      break; // if cut short it may answer all the same; what ran is unknown
    drop_connection(x);
    if (pooled)
      continue; // nothing was written: ask another connection
    x.ledger.ending = journal::ending::not_dispatched;
    co_return unreachable(c, {errc::upstream_unreachable, "closed before a byte was written"});
  }
  give_back_head(c);
  x.ledger.ending = journal::ending::cut; // until an answer says better
  if (x.route.body != policies::access::body_kind::streamed)
    co_return step::go_on;
  auto uploading = upload(c);
  co_return co_await std::move(uploading);
}

} // namespace proxy::session
