// Filling in ledger rows.
#include "proxy/session/ledger_entry.hpp"

#include <algorithm>
#include <limits>

namespace proxy::session {
namespace {

using std::chrono::steady_clock;

template <class Unit>
std::uint32_t clamped(steady_clock::duration span) {
  const auto count = std::chrono::duration_cast<Unit>(span).count();
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(count, 0, std::numeric_limits<std::uint32_t>::max()));
}

journal::entry common(const exchange& x, policies::instant now) {
  journal::entry e;
  e.feature = static_cast<std::uint8_t>(x.route.what);
  e.time_ms = now.time_since_epoch().count();
  e.started_ms = x.ledger.started.time_since_epoch().count();
  e.request = x.id.bytes;
  e.key = x.key->id.value;
  e.hold_nano = x.reservation.hold.money.value;
  e.hold_tokens = x.ledger.bound_tokens.value;
  e.count = x.reservation.hold.lease;
  e.stream = x.inspection.stream;
  e.overhead_us = clamped<std::chrono::microseconds>(x.ledger.dispatched_at - x.ledger.head_read);
  return e;
}

} // namespace

journal::entry intent_of(const exchange& x, policies::instant now) {
  journal::entry e = common(x, now);
  e.kind = journal::entry_kind::intent;
  journal::set_model(e, x.model());
  return e;
}

journal::entry outcome_of(const exchange& x, const charge& what, policies::instant now) {
  journal::entry e = common(x, now);
  e.kind = journal::entry_kind::outcome;
  e.end = x.ledger.ending;
  e.status = x.ledger.status;
  e.cost_nano = what.used.cost.value;
  e.charged_tokens = what.used.used_tokens.value;
  e.cached_tokens = what.usage.cached.value;
  e.prompt_tokens = what.usage.prompt.value;
  e.output_tokens = what.usage.output.value;
  e.reasoning_tokens = what.usage.reasoning.value;
  const auto ended = steady_clock::now();
  if (x.ledger.first_byte_at != steady_clock::time_point{})
    e.first_byte_ms =
        clamped<std::chrono::milliseconds>(x.ledger.first_byte_at - x.ledger.dispatched_at);
  e.total_ms = clamped<std::chrono::milliseconds>(ended - x.ledger.head_read);
  journal::set_model(e, what.model);
  return e;
}

} // namespace proxy::session
