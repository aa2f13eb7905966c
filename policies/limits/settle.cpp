// Taking holds out again, with the true figures or without, and rebuilding state from the ledger.
#include "policies/limits/passage.hpp"
#include "policies/limits/reserve.hpp"

namespace policies::limits {
namespace {

// Sums stop here: exact as a Lua number, nine times more than any limit.
constexpr nano_usd spent_max{9'000'000'000'000'000};

void spend(money_window& window, nano_usd cost) {
  const std::int64_t sum = window.spent.value + bounded(cost.value, spent_max.value);
  window.spent.value = std::min(sum, spent_max.value);
}

void close(money_window& window, std::int64_t made_in, nano_usd held, nano_usd cost) {
  if (window.id == made_in)
    take_from(window.held.value, held.value);
  if (window.id <= made_in)
    spend(window, cost);
}

void take_out_hold(limit_state& state, const hold& held, nano_usd cost) {
  take_from(state.requests.held, held.requests_held);
  take_from(state.slots, held.slots);
  take_from(state.tokens.held, held.held_tokens.value);
  take_from(state.tokens_at_risk, held.risk_tokens.value);
  close(state.month, held.month_id, held.money, cost);
  close(state.day, held.day_id, held.money, cost);
  close(state.total, 0, held.money, cost);
}

} // namespace

void settle(std::span<const member> chain, const hold& held, const actuals& used, instant now) {
  const present at = present_of(chain, now);
  for (const member& m : chain) {
    advance(*m.state, *m.limits, at);
    take_out_hold(*m.state, held, used.cost);
    charge(m.state->requests, requests_of(*m.limits), held.requests_held);
    charge(m.state->tokens, tokens_of(*m.limits), used.used_tokens.value);
  }
}

void cancel(std::span<const member> chain, const hold& held, instant now) {
  const present at = present_of(chain, now);
  for (const member& m : chain) {
    advance(*m.state, *m.limits, at);
    take_out_hold(*m.state, held, nano_usd{});
  }
}

actuals bound_of(const hold& held) {
  return {.used_tokens = held.held_tokens + held.risk_tokens, .cost = held.money};
}

void correct(std::span<const member> chain, const hold& held, const actuals& charged,
             const actuals& truth, instant now) {
  const present at = present_of(chain, now);
  const auto move = [&](money_window& window, std::int64_t made_in) {
    if (window.id > made_in)
      return;
    take_from(window.spent.value, bounded(charged.cost.value, spent_max.value));
    spend(window, truth.cost);
  };
  for (const member& m : chain) {
    advance(*m.state, *m.limits, at);
    move(m.state->month, held.month_id);
    move(m.state->day, held.day_id);
    move(m.state->total, 0);
    charge(m.state->tokens, tokens_of(*m.limits),
           bounded(truth.used_tokens.value, count_max) -
               bounded(charged.used_tokens.value, count_max));
  }
}

void fold_admission(limit_state& state, const limit_set& limits, instant at) {
  const std::int64_t at_ms = std::max(state.at_ms, at.time_since_epoch().count());
  advance(state, limits, present_at(at_ms));
  charge(state.requests, requests_of(limits), 1);
}

void fold_outcome(limit_state& state, const limit_set& limits, const ledger_row& row) {
  const std::int64_t at_ms = std::max(state.at_ms, row.ended.time_since_epoch().count());
  advance(state, limits, present_at(at_ms));
  charge(state.tokens, tokens_of(limits), row.used.used_tokens.value);
  close(state.month, month_of(row.started), nano_usd{}, row.used.cost);
  close(state.day, day_of(row.started), nano_usd{}, row.used.cost);
  close(state.total, 0, nano_usd{}, row.used.cost);
}

} // namespace policies::limits
