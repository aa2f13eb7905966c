// Idempotency-Key on requests that generate: the second of two that are the same is answered with
// the answer of the first.
// https://www.ietf.org/archive/id/draft-ietf-httpapi-idempotency-key-header-06.html
#include "proxy/session/conversation.hpp"

#include <array>

#include "policies/keys/secret.hpp"

namespace proxy::session {
namespace {

using policies::admission::refusal_code;
using standing = repeated_answers::standing;

constexpr std::size_t name_length_max = 255;

// Of parts that cannot run into each other: none of them but the last has a line's end in it.
repeated_answers::digest digest_of(conversation& c, std::string_view first,
                                   std::string_view second) {
  std::string text;
  text.reserve(first.size() + second.size() + 1);
  text.append(first).append("\n").append(second);
  return c.my.digest.of(text);
}

repeated_answers::digest name_of(conversation& c) {
  return digest_of(c, policies::keys::to_string(c.x.key->id), c.x.in.head.idempotency_key);
}

bool takes_part(const exchange& x) {
  return x.route.generates && !x.in.head.idempotency_key.empty();
}

} // namespace

bool may_be_repeat(conversation& c) {
  return takes_part(c.x) && c.my.shared.repeats.knows(name_of(c), c.now());
}

step look_for_repeat(conversation& c) {
  exchange& x = c.x;
  if (!takes_part(x))
    return step::go_on;
  const std::string_view name = x.in.head.idempotency_key;
  if (name.size() > name_length_max)
    return x.refuse_with(refusal_code::invalid_request,
                         "Idempotency-Key is longer than 255 characters. (refused by "
                         "deepseek-proxy)",
                         "Idempotency-Key");
  const auto who = name_of(c);
  const auto what = digest_of(c, x.in.head.path, x.in.body);
  auto found = c.my.shared.repeats.claim(who, what, c.now());
  switch (found.how) {
  case standing::first:
    x.repeat.name = who;
    x.repeat.claimed = true;
    return step::go_on;
  case standing::done:
    x.repeat.answer = std::move(found.answer);
    return step::go_on;
  case standing::other:
    return x.refuse_with(refusal_code::invalid_request,
                         "This Idempotency-Key was used for another request within the last "
                         "minute: take a new one for each. (refused by deepseek-proxy)",
                         "Idempotency-Key");
  case standing::running:
    break;
  }
  x.refuse_with(refusal_code::request_in_progress,
                "A request with this Idempotency-Key is still running; its answer can be had when "
                "it has ended. (refused by deepseek-proxy)",
                "Idempotency-Key");
  x.refusal->retry_after = policies::milliseconds{1000};
  return step::refuse;
}

// As long as it is written it counts among the bodies in flight.
void note_for_repeat(conversation& c, std::string_view payload) {
  repeat_facts& repeat = c.x.repeat;
  if (repeat.too_large)
    return;
  repeat.too_large = repeat.body.size() + payload.size() > repeated_answers::answer_bytes_max ||
                     !c.my.shared.bodies.take(payload.size());
  if (repeat.too_large)
    return;
  repeat.body.append(payload);
  repeat.budgeted += payload.size();
}

void keep_for_repeat(conversation& c) {
  repeat_facts& repeat = c.x.repeat;
  const http::response_head& head = c.x.up.head;
  if (!repeat.collects() || repeat.too_large || head.status >= 300)
    return;
  const std::string_view type = head.event_stream ? "text/event-stream" : "application/json";
  const auto answer = std::make_shared<const kept_answer>(
      kept_answer{head.status, std::string(type), std::move(repeat.body)});
  if (repeat.for_cache() && c.x.ledger.ending == journal::ending::complete)
    c.my.shared.cache.keep(repeat.request, answer, repeat.kept_until);
  if (repeat.claimed)
    c.my.shared.repeats.keep(repeat.name, answer, c.now());
  repeat.claimed = false;
}

void end_repeat(conversation& c) {
  if (c.x.repeat.claimed)
    c.my.shared.repeats.forget(c.x.repeat.name);
  c.my.shared.bodies.give(c.x.repeat.budgeted);
  c.x.repeat = {};
}

io::task<step> replay(conversation& c) {
  exchange& x = c.x;
  const auto kept = x.repeat.answer;
  if (!x.head_block)
    x.head_block = c.my.blocks.take();
  http::head_writer out{{x.head_block.get(), block_bytes}};
  begin_own_answer(out, c, kept->status, kept->body.size(), kept->content_type);
  if (x.repeat.from_cache) {
    out.line("x-cache", "hit");
    record_hit(c);
  } else {
    out.line("idempotent-replayed", "true");
    c.my.count.replayed.add();
  }
  c.my.count.answers_by_class[static_cast<std::size_t>(kept->status / 100)].add();
  out.end();
  const std::string_view head = out.text();
  std::array<iovec, 2> pieces{iovec{const_cast<char*>(head.data()), head.size()},
                              iovec{const_cast<char*>(kept->body.data()), kept->body.size()}};
  const io::deadline until = c.my.loop.in(c.settings().server.client_stall_timeout);
  const io::io_result sent = co_await c.client.write(pieces, until);
  x.answer_started = true;
  co_return sent.what == io::status::ok ? step::go_on : step::drop;
}

} // namespace proxy::session
