// Admission on a chain: every limit of every member is looked at before anything is taken.
#include "policies/limits/reserve.hpp"

#include "policies/limits/passage.hpp"
#include "policies/limits/shortfall.hpp"

namespace policies::limits {
namespace {

// What is asked for, within the bounds that the arithmetic is made for.
ask within_bounds(const ask& wanted) {
  ask in_bounds = wanted;
  in_bounds.requests = bounded(wanted.requests, count_max);
  in_bounds.slots = bounded(wanted.slots, count_max);
  in_bounds.held_tokens.value = bounded(wanted.held_tokens.value, count_max);
  in_bounds.risk_tokens.value = bounded(wanted.risk_tokens.value, count_max);
  in_bounds.money_want.value = bounded(wanted.money_want.value, money_max.value);
  in_bounds.money_min.value = bounded(wanted.money_min.value, in_bounds.money_want.value);
  return in_bounds;
}

// Looks at one member after the other and gathers what stands against the request, and how much
// money it can be granted.
class examination {
 public:
  // `held`: what the request already holds, where it is extended.
  examination(const ask& wanted, const hold* held, const present& now)
      : wanted_(wanted), held_(held), now_(now), granted_(wanted.money_want) {}

  void examine(std::size_t index, const member& m) {
    member_ = index;
    limit_state state = *m.state;
    advance(state, *m.limits, now_);
    if (!held_)
      examine_requests(*m.limits, state);
    examine_tokens(*m.limits, state);
    examine_money(*m.limits, state);
  }

  const shortfall& found() const { return found_; }
  nano_usd granted() const { return granted_; }

 private:
  void examine_requests(const limit_set& limits, const limit_state& state) {
    if (const auto limit = requests_of(limits))
      examine_meter(limit_kind::requests_per_minute, state.requests, *limit, wanted_.requests);
    if (limits.concurrent_requests)
      examine_slots(bounded(*limits.concurrent_requests, concurrent_max), state.slots);
  }

  void examine_tokens(const limit_set& limits, const limit_state& state) {
    const auto limit = tokens_of(limits);
    if (!limit)
      return;
    examine_meter(limit_kind::tokens_per_minute, state.tokens, *limit, wanted_.held_tokens.value);
    const std::int64_t risk = wanted_.risk_tokens.value;
    const std::int64_t risk_max = limit->rate * debt_minutes_max;
    if (risk > 0 && state.tokens_at_risk + risk > risk_max)
      found_.waits({.kind = limit_kind::tokens_per_minute,
                    .member = member_,
                    .limit = risk_max,
                    .used = state.tokens_at_risk,
                    .wanted = risk,
                    .held_only = risk <= risk_max,
                    .never_fits = risk > risk_max},
                   std::nullopt);
  }

  void examine_meter(limit_kind kind, const meter& m, const rate_limit& limit, std::int64_t asked) {
    if (fits(m, limit, asked))
      return;
    const std::int64_t used = level_in_wholes(m);
    const bool never = limit.rate == 0 || asked > limit.capacity;
    found_.waits({.kind = kind,
                  .member = member_,
                  .limit = limit.capacity,
                  .used = used + m.held,
                  .wanted = asked,
                  .held_only = !never && used + asked <= limit.capacity,
                  .never_fits = never},
                 wait_ms(m, limit, asked));
  }

  void examine_slots(std::int64_t limit, std::int64_t used) {
    if (limit > 0 && used + wanted_.slots <= limit)
      return;
    const bool never = limit == 0 || wanted_.slots > limit;
    found_.waits({.kind = limit_kind::concurrent_requests,
                  .member = member_,
                  .limit = limit,
                  .used = used,
                  .wanted = wanted_.slots,
                  .held_only = !never,
                  .never_fits = never},
                 std::nullopt);
  }

  void examine_money(const limit_set& limits, const limit_state& state) {
    if (!limits.limits_money())
      return;
    if (limits.monthly)
      examine_window(limit_kind::monthly_spending_limit, *limits.monthly, state.month,
                     held_ ? held_->month_id : now_.month_id);
    if (limits.daily)
      examine_window(limit_kind::daily_spending_limit, *limits.daily, state.day,
                     held_ ? held_->day_id : now_.day_id);
    if (limits.total)
      examine_window(limit_kind::total_spending_limit, *limits.total, state.total, 0);
  }

  // `held_in`: the window where an extended hold's money lies. If that has passed, the money is
  // to be held once more in the one of now.
  void examine_window(limit_kind kind, nano_usd limit, const money_window& window,
                      std::int64_t held_in) {
    const std::int64_t most = bounded(limit.value, money_max.value);
    const std::int64_t moved = held_ && held_in != window.id ? held_->money.value : 0;
    const std::int64_t unspent = most - window.spent.value - moved;
    const std::int64_t unheld = unspent - window.held.value;
    const std::int64_t least = wanted_.money_min.value;
    if (most > 0 && unheld >= least) {
      granted_.value = std::min(granted_.value, unheld);
      return;
    }
    const limit_refusal figures{.kind = kind,
                                .member = member_,
                                .limit = most,
                                .used = most - unheld,
                                .wanted = wanted_.money_want.value,
                                .held_only = most > 0 && unspent >= least,
                                .never_fits = most == 0 || least + moved > most};
    if (figures.held_only)
      found_.waits(figures, std::nullopt);
    else
      found_.spent(figures, until_end_ms(kind));
  }

  std::optional<std::int64_t> until_end_ms(limit_kind kind) const {
    if (kind == limit_kind::total_spending_limit)
      return std::nullopt;
    const instant end = kind == limit_kind::monthly_spending_limit
                            ? start_of_month(now_.month_id + 1)
                            : start_of_day(now_.day_id + 1);
    return end.time_since_epoch().count() - now_.at_ms;
  }

  const ask& wanted_;
  const hold* held_;
  const present& now_;
  std::size_t member_ = 0;
  nano_usd granted_;
  shortfall found_;
};

// A refusal takes nothing, so time stands still in the state. But an hour is the most that drains
// at once: of a deeper meter that is asked again and again, always refused, the rest never would.
void keep_time(std::span<const member> chain, const present& now) {
  for (const member& m : chain)
    if (deeper_than_an_hour(m.state->requests, requests_of(*m.limits)) ||
        deeper_than_an_hour(m.state->tokens, tokens_of(*m.limits)))
      advance(*m.state, *m.limits, now);
}

limit_refusal refuse(std::span<const member> chain, const present& now, instant asked_at,
                     const shortfall& found) {
  keep_time(chain, now);
  return found.told(now.at_ms - asked_at.time_since_epoch().count());
}

void take_money(limit_state& state, nano_usd amount) {
  state.month.held += amount;
  state.day.held += amount;
  state.total.held += amount;
}

} // namespace

reserve_result reserve(std::span<const member> chain, const ask& wanted, instant now) {
  const ask asked = within_bounds(wanted);
  const present at = present_of(chain, now);
  examination exam{asked, nullptr, at};
  for (std::size_t i = 0; i < chain.size(); ++i)
    exam.examine(i, chain[i]);
  if (exam.found())
    return refuse(chain, at, now, exam.found());

  for (const member& m : chain) {
    limit_state& state = *m.state;
    advance(state, *m.limits, at);
    if (asked.provisional)
      state.requests.held += asked.requests;
    else
      charge(state.requests, requests_of(*m.limits), asked.requests);
    state.slots += asked.slots;
    state.tokens.held += asked.held_tokens.value;
    state.tokens_at_risk += asked.risk_tokens.value;
    take_money(state, exam.granted());
  }
  return hold{.requests_held = asked.provisional ? asked.requests : 0,
              .slots = asked.slots,
              .held_tokens = asked.held_tokens,
              .risk_tokens = asked.risk_tokens,
              .money = exam.granted(),
              .month_id = at.month_id,
              .day_id = at.day_id};
}

std::optional<limit_refusal> extend(std::span<const member> chain, hold& held, const ask& wanted,
                                    instant now) {
  const ask asked = within_bounds(wanted);
  const present at = present_of(chain, now);
  examination exam{asked, &held, at};
  for (std::size_t i = 0; i < chain.size(); ++i)
    exam.examine(i, chain[i]);
  if (exam.found())
    return refuse(chain, at, now, exam.found());

  const nano_usd granted = exam.granted();
  const nano_usd whole = held.money + granted;
  for (const member& m : chain) {
    limit_state& state = *m.state;
    advance(state, *m.limits, at);
    state.requests.held -= held.requests_held;
    charge(state.requests, requests_of(*m.limits), held.requests_held);
    state.tokens.held += asked.held_tokens.value;
    state.tokens_at_risk += asked.risk_tokens.value;
    state.month.held += held.month_id == state.month.id ? granted : whole;
    state.day.held += held.day_id == state.day.id ? granted : whole;
    state.total.held += granted;
  }
  held.requests_held = 0;
  held.held_tokens += asked.held_tokens;
  held.risk_tokens += asked.risk_tokens;
  held.money = whole;
  held.month_id = at.month_id;
  held.day_id = at.day_id;
  return std::nullopt;
}

} // namespace policies::limits
