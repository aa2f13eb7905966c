// State rebuilt from the ledger after a restart, and the figures told from it.
#include "tests/policies/limits/keys.hpp"
#include "tests/support/catch.hpp"

using namespace tests;

namespace {
limits::ledger_row row(instant started, instant ended, std::int64_t used, std::int64_t nano) {
  return {started, ended, {tokens{used}, nano_usd{nano}}};
}
} // namespace

TEST_CASE("fold: levels, debt and money come back, so that a crash loop grants no bursts") {
  const limits::limit_set set{
      .requests_per_minute = 60, .tokens_per_minute = 100, .monthly = nano_usd{usd}};
  key live{.limits = set};
  const chain links{&live};
  limits::limit_state rebuilt;
  for (int i = 0; i < 30; ++i) {
    const instant now = noon + 100ms * i;
    const auto held = links.hold(asking_money(1000), now);
    limits::fold_admission(rebuilt, set, now);
    if (i % 3 == 0) {
      links.settle(held, 10, 999, now + 30ms);
      limits::fold_outcome(rebuilt, set, row(now, now + 30ms, 10, 999));
    } else {
      links.settle(held, 0, 999, now + 30ms);
      limits::fold_outcome(rebuilt, set, row(now, now + 30ms, 0, 999));
    }
  }
  CHECK(rebuilt == live.state);
  CHECK(rebuilt.requests.level > 0);
  CHECK(rebuilt.month.spent == nano_usd{30 * 999});
  limits::fold_outcome(rebuilt, set, row(noon, noon + 3s, 500, 0));
  const limits::limit_set& limits_now = live.limits;
  live.state = rebuilt;
  CHECK(links.refusal(asking_tokens(1), noon + 3s).used > limits_now.tokens_per_minute.value());
}

TEST_CASE("fold: money lies in the window of the start, levels drain from the end") {
  const limits::limit_set set{.tokens_per_minute = 100};
  limits::limit_state state;
  const instant before = at({2026, 11, 30, 23, 59, 30});
  const instant after = at({2026, 12, 1, 0, 0, 30});
  limits::fold_outcome(state, set, row(before, before + 1s, 1, 5));
  CHECK(state.month.spent == nano_usd{5});
  CHECK(state.day.spent == nano_usd{5});
  limits::fold_outcome(state, set, row(before, after, 50, 7));
  CHECK(state.month == limits::money_window{2026 * 12 + 11, nano_usd{0}, nano_usd{0}});
  CHECK(state.total.spent == nano_usd{12});
  CHECK(state.tokens.level == 50 * limits::units_per_whole);
  limits::fold_outcome(state, set, row(after, after + 6s, 0, 11));
  CHECK(state.month.spent == nano_usd{11});
  CHECK(state.day.spent == nano_usd{11});
  CHECK(state.tokens.level == 40 * limits::units_per_whole);
}

TEST_CASE("fold: a row that comes late counts as if it was made now, the safe way round") {
  const limits::limit_set set{.requests_per_minute = 60};
  limits::limit_state state;
  limits::fold_admission(state, set, noon);
  limits::fold_admission(state, set, noon - 10min);
  CHECK(state.requests.level == 2 * limits::units_per_whole);
  CHECK(instant{milliseconds{state.at_ms}} == noon);
}

TEST_CASE("remaining: what is left and when the bucket is full again") {
  key k{.limits = {.requests_per_minute = 60,
                   .tokens_per_minute = 600,
                   .monthly = nano_usd{5 * usd},
                   .daily = nano_usd{usd}}};
  const chain links{&k};
  const auto held = links.hold(
      {.held_tokens = tokens{100}, .money_want = nano_usd{300}, .money_min = nano_usd{300}}, noon);
  auto left = limits::remaining_of(k.limits, k.state, noon);
  CHECK(left.requests == 59);
  CHECK(left.requests_reset == 1s);
  CHECK(left.tokens_left == 500);
  CHECK(left.tokens_reset == 0ms);
  CHECK(left.money_limit == nano_usd{usd});
  CHECK(left.money_left == nano_usd{usd - 300});
  links.settle(held, 33, 100, noon);
  left = limits::remaining_of(k.limits, k.state, noon + 999ms);
  CHECK(left.requests == 59);
  CHECK(left.requests_reset == 1ms);
  CHECK(left.tokens_left == 600 - 33 + 9); // 9.99 drained: what is used is rounded up
  CHECK(left.tokens_reset == 3300ms - 999ms);
  left = limits::remaining_of(k.limits, k.state, noon + 24h);
  CHECK(left.requests == 60);
  CHECK(left.money_left == nano_usd{usd});
  CHECK(k.state.at_ms == noon.time_since_epoch().count());
}

TEST_CASE("remaining: nothing is said of what is unlimited, and never less than nothing left") {
  const auto none = limits::remaining_of({}, {}, noon);
  CHECK_FALSE(none.requests);
  CHECK_FALSE(none.tokens_left);
  CHECK_FALSE(none.money_left);
  CHECK_FALSE(limits::request_capacity({.burst_requests = 5}));
  CHECK(limits::request_capacity({.requests_per_minute = 0, .burst_requests = 5}) == 0);
  limits::limit_state debt;
  debt.at_ms = noon.time_since_epoch().count();
  debt.tokens.level = 1000 * limits::units_per_whole;
  const auto left = limits::remaining_of({.tokens_per_minute = 10}, debt, noon);
  CHECK(left.tokens_left == 0);
  CHECK(left.tokens_reset == 100min);
}
