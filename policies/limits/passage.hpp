// What time alone does to a state: meters drain, money windows roll over. Time never runs backwards
// here: an instant before the latest one seen counts as that one. And how a hold is taken out.
#pragma once

#include <span>

#include "policies/limits/calendar.hpp"
#include "policies/limits/meter.hpp"
#include "policies/limits/reserve.hpp"

namespace policies::limits {

struct present {
  std::int64_t at_ms = 0;
  std::int64_t month_id = 0;
  std::int64_t day_id = 0;
};

inline present present_at(std::int64_t at_ms) {
  const instant at{milliseconds{at_ms}};
  return {.at_ms = at_ms, .month_id = month_of(at), .day_id = day_of(at)};
}

// The present of a whole chain: the latest instant that it or any member has seen.
inline present present_of(std::span<const member> chain, instant now) {
  std::int64_t at_ms = now.time_since_epoch().count();
  for (const member& m : chain)
    at_ms = std::max(at_ms, m.state->at_ms);
  return present_at(at_ms);
}

inline void drain_until(limit_state& state, const limit_set& limits, std::int64_t at_ms) {
  if (at_ms <= state.at_ms)
    return;
  const std::int64_t elapsed_ms = std::min(at_ms - state.at_ms, elapsed_max_ms);
  drain(state.requests, requests_of(limits), elapsed_ms);
  drain(state.tokens, tokens_of(limits), elapsed_ms);
  state.at_ms = at_ms;
}

inline void roll(money_window& window, std::int64_t id) {
  if (window.id < id)
    window = {.id = id, .spent = {}, .held = {}};
}

inline void advance(limit_state& state, const limit_set& limits, const present& now) {
  drain_until(state, limits, now.at_ms);
  roll(state.month, now.month_id);
  roll(state.day, now.day_id);
}

inline void take_from(std::int64_t& held, std::int64_t amount) {
  held = std::max<std::int64_t>(0, held - amount);
}

} // namespace policies::limits
