// One key, one thread: each limit by itself, from the first request to the last that fits.
#include "tests/contract/client.hpp"

namespace contract {
namespace {

using limits::limit_kind;

void burst(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id id = make_key(*in, key(1, {.requests_per_minute = 60}));
  for (int i = 0; i < 60; ++i)
    REQUIRE(c.use(id, asking(1), used(1), noon));
  REQUIRE_FALSE(c.use(id, asking(1), used(1), noon));
  CHECK(c.refusal().kind == limit_kind::requests_per_minute);
  CHECK(c.refusal().limit == 60);
  CHECK(c.refusal().retry_after == milliseconds{1000});
  CHECK_FALSE(c.use(id, asking(1), used(1), noon + milliseconds{999}));
  CHECK(c.use(id, asking(1), used(1), noon + milliseconds{1000}));
  CHECK_FALSE(c.use(id, asking(1), used(1), noon + milliseconds{1000}));
}

void token_holds(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id id = make_key(*in, key(1, {.tokens_per_minute = 1000}));
  const auto first = c.reserve(id, asking(600), noon);
  REQUIRE(first);
  CHECK(c.left().tokens_left == 400);
  REQUIRE_FALSE(c.reserve(id, asking(401), noon));
  CHECK(c.refusal().kind == limit_kind::tokens_per_minute);
  CHECK(c.refusal().held_only);
  c.dispatch(*first, noon);
  c.settle(*first, used(100), noon);
  const auto second = c.reserve(id, asking(900), noon);
  REQUIRE(second);
  CHECK_FALSE(c.reserve(id, asking(1), noon));
  c.cancel(*second, noon);
  CHECK(c.reserve(id, asking(900), noon));
}

void token_debt(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id id = make_key(*in, key(1, {.tokens_per_minute = 60}));
  limits::ask adaptive = asking(60);
  adaptive.risk_tokens = tokens{540};
  const auto r = c.reserve(id, adaptive, noon);
  REQUIRE(r);
  c.dispatch(*r, noon);
  c.settle(*r, used(600), noon); // ten minutes' worth; one minute fits the bucket
  CHECK_FALSE(c.reserve(id, asking(60), noon + milliseconds{599'999}));
  CHECK(c.reserve(id, asking(60), noon + milliseconds{600'000}));
}

void slots(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id id = make_key(*in, key(1, {.concurrent_requests = 2}));
  const auto first = c.reserve(id, asking(1), noon);
  const auto second = c.reserve(id, asking(1), noon);
  REQUIRE((first && second));
  REQUIRE_FALSE(c.reserve(id, asking(1), noon));
  CHECK(c.refusal().kind == limit_kind::concurrent_requests);
  CHECK(c.refusal().limit == 2);
  c.dispatch(*first, noon);
  c.settle(*first, used(1), noon);
  CHECK(c.reserve(id, asking(1), noon));
  CHECK_FALSE(c.reserve(id, asking(1), noon));
  c.cancel(*second, noon);
  CHECK(c.reserve(id, asking(1), noon));
}

void money(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id id = make_key(*in, key(1, {.monthly = nano_usd{1000}}));
  limits::ask wanted = asking(10, 700);
  wanted.money_min = nano_usd{100};
  const auto first = c.reserve(id, wanted, noon);
  REQUIRE(first);
  CHECK(first->hold.money == nano_usd{700});
  const auto second = c.reserve(id, wanted, noon);
  REQUIRE(second); // lowered to what is unheld
  CHECK(second->hold.money == nano_usd{300});
  CHECK(c.left().money_limit == nano_usd{1000});
  CHECK(c.left().money_left == nano_usd{0});
  REQUIRE_FALSE(c.reserve(id, wanted, noon));
  CHECK(c.refusal().kind == limit_kind::monthly_spending_limit);
  CHECK(c.refusal().held_only);
  for (const auto& [r, cost] : {std::pair{*first, 650}, std::pair{*second, 300}}) {
    c.dispatch(r, noon);
    c.settle(r, used(10, cost), noon);
  }
  REQUIRE_FALSE(c.reserve(id, wanted, noon)); // 50 are left, 100 is the least that is useful
  CHECK_FALSE(c.refusal().held_only);
  CHECK(c.refusal().used == 950);
  CHECK(idle_state(*in, id, noon).month.spent == nano_usd{950});
}

void windows(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id daily = make_key(*in, key(1, {.daily = nano_usd{100}}));
  const key_id total = make_key(*in, key(2, {.total = nano_usd{100}}));
  const instant before = noon + std::chrono::hours{12} - milliseconds{1};
  const instant midnight = noon + std::chrono::hours{12};
  for (const key_id id : {daily, total}) {
    REQUIRE(c.use(id, asking(1, 100), used(1, 100), before));
    CHECK_FALSE(c.use(id, asking(1, 1), used(1, 1), before));
  }
  CHECK(c.use(daily, asking(1, 100), used(1, 100), midnight));
  CHECK_FALSE(c.use(total, asking(1, 1), used(1, 1), midnight));
}

void late_settle(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id id = make_key(*in, key(1, {.daily = nano_usd{100}}));
  const instant midnight = noon + std::chrono::hours{12};
  const auto r = c.reserve(id, asking(1, 100), midnight - milliseconds{1});
  REQUIRE(r);
  c.dispatch(*r, midnight);
  REQUIRE(c.use(id, asking(1, 60), used(1, 60), midnight));
  c.settle(*r, used(1, 100), midnight); // belongs to the day before
  const auto state = idle_state(*in, id, midnight);
  CHECK(state.day.spent == nano_usd{60});
  CHECK(state.month.spent == nano_usd{160});
  CHECK(state.total.spent == nano_usd{160});
}

void provisional(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id id = make_key(*in, key(1, {.requests_per_minute = 2, .monthly = nano_usd{100}}));
  limits::ask head;
  head.provisional = true;
  auto r = c.reserve(id, head, noon);
  REQUIRE(r);
  CHECK(c.left().requests == 1);
  CHECK_FALSE(c.extend(*r, asking(1, 101), noon)); // too dear; the first step stands
  CHECK(c.refusal().kind == limit_kind::monthly_spending_limit);
  REQUIRE(c.extend(*r, asking(1, 90), noon));
  CHECK(r->hold.money == nano_usd{90});
  c.dispatch(*r, noon);
  c.settle(*r, used(1, 80), noon);
  const auto given_back = c.reserve(id, head, noon);
  REQUIRE(given_back);
  CHECK(c.left().requests == 0);
  c.cancel(*given_back, noon);
  CHECK(c.use(id, asking(1, 20), used(1, 20), noon)); // it never counted
  CHECK_FALSE(c.use(id, asking(1, 0), used(1), noon));
  CHECK(idle_state(*in, id, noon).month.spent == nano_usd{100});
}

void nothing_allowed(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id none = make_key(*in, key(1, {.monthly = nano_usd{0}}));
  const key_id all = make_key(*in, key(2));
  CHECK_FALSE(c.use(none, asking(0), used(0), noon));
  CHECK(c.refusal().never_fits);
  for (int i = 0; i < 1000; ++i)
    REQUIRE(c.use(all, asking(100'000, 1'000'000'000), used(100'000, 1'000'000'000), noon));
  CHECK(idle_state(*in, all, noon).total.spent == nano_usd{1'000'000'000'000});
}

void drained(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id id = make_key(*in, key(1, {.requests_per_minute = 60, .daily = nano_usd{100}}));
  for (int i = 0; i < 30; ++i)
    REQUIRE(c.use(id, asking(1, 1), used(1, 1), noon));
  CHECK(idle_state(*in, id, noon).requests.level == 30 * limits::units_per_whole);
  const auto later = idle_state(*in, id, noon + std::chrono::seconds{10});
  CHECK(later.requests.level == 20 * limits::units_per_whole);
  CHECK(later.day.spent == nano_usd{30});
  const auto next_day = idle_state(*in, id, noon + std::chrono::hours{24});
  CHECK(next_day.requests.level == 0);
  CHECK(next_day.day.spent == nano_usd{0});
  CHECK(next_day.total.spent == nano_usd{30});
  // Looking ahead has changed nothing.
  CHECK(idle_state(*in, id, noon).requests.level == 30 * limits::units_per_whole);
}

} // namespace

behaviours single_key_behaviours() {
  return {{"a burst above capacity is refused until the exact refill instant", burst},
          {"held tokens count until settled, then what was used counts", token_holds},
          {"tokens used beyond the bucket are debt that refill repays first", token_debt},
          {"slots are freed by settling and by cancelling", slots},
          {"a money hold is lowered to what is unheld, and refused below its least", money},
          {"money windows end with their day; the total never does", windows},
          {"a hold is settled in the window it was made in", late_settle},
          {"a provisional hold is extended, or given back without a trace", provisional},
          {"0 allows nothing, absent allows everything", nothing_allowed},
          {"the state asked for is drained to now, without changing it", drained}};
}

} // namespace contract
