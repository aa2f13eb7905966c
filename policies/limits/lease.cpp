// Dividing a lease.
#include "policies/limits/lease.hpp"

namespace policies::limits {

void lease::add(const portion& granted, std::int64_t month_id, std::int64_t day_id) {
  free_ += granted;
  month_id_ = month_id;
  day_id_ = day_id;
}

void lease::take_back(const portion& returned, std::int64_t requests_used) {
  free_ += returned;
  requests_used_ += requests_used;
}

void lease::use_request(hold& held) {
  if (held.slot_lease != number_)
    return;
  requests_used_ += held.requests_held;
  held.requests_held = 0;
}

std::optional<hold> lease::take(const ask& wanted, std::int64_t day_id) {
  const portion asked = portion_of(wanted);
  if (day_id != day_id_ || !free_.covers(asked))
    return std::nullopt;
  free_ -= asked;
  ++flying_;
  if (!wanted.provisional)
    requests_used_ += wanted.requests;
  return hold{.requests_held = wanted.provisional ? wanted.requests : 0,
              .slots = wanted.slots,
              .held_tokens = wanted.held_tokens,
              .risk_tokens = wanted.risk_tokens,
              .money = wanted.money_want,
              .month_id = month_id_,
              .day_id = day_id_,
              .lease = number_,
              .slot_lease = number_};
}

bool lease::extend(hold& held, const ask& wanted, std::int64_t day_id) {
  portion asked = portion_of(wanted);
  asked.requests = asked.slots = 0;
  if (held.lease != number_ || day_id != day_id_ || !free_.covers(asked))
    return false;
  free_ -= asked;
  requests_used_ += held.requests_held;
  held.requests_held = 0;
  held.held_tokens += asked.held_tokens;
  held.risk_tokens += asked.risk_tokens;
  held.money += asked.money;
  held.month_id = month_id_;
  held.day_id = day_id_;
  return true;
}

void lease::settle(const hold& held, const actuals& used) {
  if (held.slot_lease == number_) {
    --flying_;
    free_.slots += held.slots;
    requests_used_ += held.requests_held;
  }
  if (held.lease == number_) {
    free_.held_tokens += held.held_tokens - used.used_tokens;
    free_.risk_tokens += held.risk_tokens;
    free_.money += held.money - used.cost;
  }
}

void lease::cancel(const hold& held) {
  if (held.slot_lease == number_)
    free_.requests += held.requests_held;
  hold rest = held;
  rest.requests_held = 0;
  settle(rest, {});
}

portion lease::take_free() {
  return std::exchange(free_, {});
}

std::int64_t lease::take_requests_used() {
  return std::exchange(requests_used_, 0);
}

portion chunk_for(const portion& recent, const portion& free) {
  if (recent.requests < demand_requests_min)
    return {};
  const portion half =
      portion::each(recent, {}, [](std::int64_t a, std::int64_t) { return (a + 1) / 2; });
  if (free.covers(half))
    return {};
  return without_debt(recent - free);
}

portion surplus_of(const portion& recent, const portion& free) {
  return without_debt(free - recent - recent);
}

} // namespace policies::limits
