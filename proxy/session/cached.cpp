// The response cache, for keys that ask for it: an equal request of the same key is answered with
// what the first one was answered. It reaches no upstream, costs nothing, and counts on no limit.
#include "proxy/session/conversation.hpp"

#include <algorithm>

#include "policies/keys/secret.hpp"
#include "proxy/session/ledger_entry.hpp"

namespace proxy::session {
namespace {

bool is_anthropic(std::string_view name) {
  constexpr std::string_view begin = "anthropic-";
  return name.size() > begin.size() &&
         std::equal(begin.begin(), begin.end(), name.begin(), [](char lower, char any) {
           return lower == '-' ? any == '-' : (any | 0x20) == lower;
         });
}

// Any change of the key or of those above it makes another name: what was kept under other rules is
// not found any more. Anthropic's fields choose between versions of the API.
response_cache::digest question_of(conversation& c) {
  const exchange& x = c.x;
  std::string text;
  text.reserve(x.in.body.size() + 256);
  const keys::key_chain chain{*x.key};
  for (const auto* record : chain.view())
    text.append(policies::keys::to_string(record->id))
        .append(" ")
        .append(std::to_string(record->version))
        .append("\n");
  text.append(x.in.head.path).append("?").append(x.in.head.query).append("\n");
  for (const http::field& each : x.in.head.all())
    if (is_anthropic(each.name))
      text.append(each.name).append(":").append(each.value).append("\n");
  return c.my.digest.of(text.append("\n").append(x.in.body));
}

} // namespace

void look_in_cache(conversation& c) {
  exchange& x = c.x;
  const std::uint32_t seconds = x.key->record.load()->cache_ttl_s;
  if (seconds == 0 || !x.route.generates || x.repeat.answer)
    return;
  x.repeat.kept_until = c.now() + std::chrono::seconds{seconds};
  x.repeat.request = question_of(c);
  x.repeat.answer = c.my.shared.cache.find(x.repeat.request, c.now());
  if (x.repeat.answer && !c.my.lane.room_for_intent())
    x.repeat.answer = nullptr; // what cannot be told to the ledger is not served
  x.repeat.from_cache = x.repeat.answer != nullptr;
  (x.repeat.from_cache ? c.my.count.cache_hits : c.my.count.cache_misses).add();
}

void record_hit(conversation& c) {
  exchange& x = c.x;
  x.ledger.ending = journal::ending::kept;
  x.ledger.status = static_cast<std::uint16_t>(x.repeat.answer->status);
  x.ledger.started = c.now();
  charge nothing;
  nothing.model = x.model();
  journal::entry e = outcome_of(x, nothing, c.now());
  e.hold_nano = e.hold_tokens = 0;
  e.overhead_us = 0;
  c.my.lane.append(e);
  c.my.count.note(e);
}

} // namespace proxy::session
