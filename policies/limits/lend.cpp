// Taking a loan out of every member and putting it back in, changed.
#include "policies/limits/lend.hpp"

#include "policies/limits/passage.hpp"

namespace policies::limits {
namespace {

void take_out(money_window& window, std::int64_t made_in, nano_usd amount) {
  if (window.id == made_in)
    take_from(window.held.value, amount.value);
}

// A loan in debt holds nothing: what was used beyond it is in the meters and sums already.
void take_out(limit_state& state, const loan& lent) {
  const portion held = without_debt(lent.amount);
  take_from(state.requests.held, held.requests);
  take_from(state.slots, held.slots);
  take_from(state.tokens.held, held.held_tokens.value);
  take_from(state.tokens_at_risk, held.risk_tokens.value);
  take_out(state.month, lent.month_id, held.money);
  take_out(state.day, lent.day_id, held.money);
  take_out(state.total, 0, held.money);
}

void put_in(limit_state& state, const loan& lent) {
  const portion held = without_debt(lent.amount);
  state.requests.held += held.requests;
  state.slots += held.slots;
  state.tokens.held += held.held_tokens.value;
  state.tokens_at_risk += held.risk_tokens.value;
  if (state.month.id == lent.month_id)
    state.month.held += held.money;
  if (state.day.id == lent.day_id)
    state.day.held += held.money;
  state.total.held += held.money;
}

present advance_all(std::span<const member> chain, instant now) {
  const present at = present_of(chain, now);
  for (const member& m : chain)
    advance(*m.state, *m.limits, at);
  return at;
}

// The least of what one part is on every member, and whether anything stands against lending.
class share {
 public:
  share(const portion& wanted, std::int64_t parts)
      : most_(wanted), parts_(std::max<std::int64_t>(1, parts)) {}

  void look_at(const limit_set& limits, const limit_state& state) {
    if (const auto limit = requests_of(limits))
      meter_room(state.requests, *limit, most_.requests);
    if (limits.concurrent_requests)
      room(bounded(*limits.concurrent_requests, concurrent_max), state.slots, most_.slots);
    if (const auto limit = tokens_of(limits)) {
      meter_room(state.tokens, *limit, most_.held_tokens.value);
      if (most_.risk_tokens.value > 0)
        room(limit->rate * debt_minutes_max, state.tokens_at_risk, most_.risk_tokens.value);
    }
    if (limits.monthly)
      window_room(*limits.monthly, state.month);
    if (limits.daily)
      window_room(*limits.daily, state.day);
    if (limits.total)
      window_room(*limits.total, state.total);
  }
  bool refused() const { return refused_; }
  const portion& most() const { return most_; }

 private:
  void room(std::int64_t limit, std::int64_t used, std::int64_t& most) {
    refused_ = refused_ || limit == 0 || used > limit;
    most = std::min(most, std::max<std::int64_t>(0, limit - used) / parts_);
  }
  void meter_room(const meter& m, const rate_limit& limit, std::int64_t& most) {
    room(limit.rate == 0 ? 0 : limit.capacity, level_in_wholes(m) + m.held, most);
  }
  void window_room(nano_usd limit, const money_window& window) {
    room(bounded(limit.value, money_max.value), (window.spent + window.held).value,
         most_.money.value);
  }

  portion most_;
  std::int64_t parts_;
  bool refused_ = false;
};

portion within_bounds(const portion& wanted) {
  const portion most{.requests = count_max,
                     .slots = count_max,
                     .held_tokens = tokens{count_max},
                     .risk_tokens = tokens{count_max},
                     .money = money_max};
  return portion::each(wanted, most, [](std::int64_t a, std::int64_t b) { return bounded(a, b); });
}

} // namespace

portion lend(std::span<const member> chain, loan& to, const loan_step& step, instant now) {
  if (step.sequence != to.sequence + 1)
    return to.granted;
  const present at = advance_all(chain, now);
  share most{within_bounds(step.wanted), step.parts};
  loan next = to;
  next.sequence = step.sequence;
  next.amount -= step.returned;
  next.amount.requests -= step.requests_used;
  next.month_id = at.month_id;
  next.day_id = at.day_id;
  for (const member& m : chain) {
    take_out(*m.state, to);
    charge(m.state->requests, requests_of(*m.limits), step.requests_used);
    put_in(*m.state, next);
    most.look_at(*m.limits, *m.state);
  }
  const bool granted = !most.refused() && !step.wanted.empty() && most.most().covers(step.least);
  next.granted = granted ? most.most() : portion{};
  for (const member& m : chain)
    take_out(*m.state, next);
  next.amount += next.granted;
  for (const member& m : chain)
    put_in(*m.state, next);
  to = next;
  return to.granted;
}

void settle_lent(std::span<const member> chain, loan& from, const actuals& used,
                 const hold& windows, instant now) {
  advance_all(chain, now);
  loan next = from;
  next.amount.held_tokens -= used.used_tokens;
  next.amount.money -= used.cost;
  for (const member& m : chain) {
    take_out(*m.state, from);
    put_in(*m.state, next);
  }
  from = next;
  settle(chain, {.month_id = windows.month_id, .day_id = windows.day_id}, used, now);
}

void expire(std::span<const member> chain, loan& gone, instant now) {
  advance_all(chain, now);
  gone.amount = without_debt(gone.amount);
  for (const member& m : chain) {
    take_out(*m.state, gone);
    charge(m.state->requests, requests_of(*m.limits), gone.amount.requests);
  }
  settle(
      chain, {.month_id = gone.month_id, .day_id = gone.day_id},
      {.used_tokens = gone.amount.held_tokens + gone.amount.risk_tokens, .cost = gone.amount.money},
      now);
}

void settle_expired(std::span<const member> chain, loan& gone, const actuals& used,
                    const hold& windows, instant now) {
  const actuals covered{
      .used_tokens = std::min(used.used_tokens, gone.amount.held_tokens + gone.amount.risk_tokens),
      .cost = std::min(used.cost, gone.amount.money)};
  correct(chain, {.month_id = gone.month_id, .day_id = gone.day_id}, covered,
          {.used_tokens = covered.used_tokens, .cost = {}}, now);
  gone.amount.money -= covered.cost;
  const tokens from_held = std::min(covered.used_tokens, gone.amount.held_tokens);
  gone.amount.held_tokens -= from_held;
  gone.amount.risk_tokens -= covered.used_tokens - from_held;
  settle(chain, {.month_id = windows.month_id, .day_id = windows.day_id},
         {.used_tokens = used.used_tokens - covered.used_tokens, .cost = used.cost}, now);
}

void forgive(std::span<const member> chain, loan& gone, instant now) {
  correct(chain, {.month_id = gone.month_id, .day_id = gone.day_id},
          {.used_tokens = {}, .cost = gone.amount.money}, {}, now);
  gone.amount = {};
}

void end_loan(std::span<const member> chain, loan& ended, instant now) {
  advance_all(chain, now);
  for (const member& m : chain) {
    take_out(*m.state, ended);
    charge(m.state->requests, requests_of(*m.limits), ended.amount.requests);
  }
  ended.amount = {};
}

} // namespace policies::limits
