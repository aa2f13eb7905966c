// A key and its parents: all or nothing, one amount for all, the most useful refusal, extending.
#include <limits>

#include "tests/policies/limits/keys.hpp"
#include "tests/support/catch.hpp"

using namespace tests;
using limits::limit_kind;

TEST_CASE("chain: every member holds the same, as much as the poorest has unheld") {
  key child{.limits = {.monthly = nano_usd{5 * usd}}};
  key team{.limits = {.daily = nano_usd{3 * usd}}};
  key account{.limits = {.total = nano_usd{4 * usd}}};
  const chain links{&child, &team, &account};
  const auto held = links.hold(asking_money(9 * usd, 1), noon);
  CHECK(held.money == nano_usd{3 * usd});
  for (const key* k : {&child, &team, &account}) {
    CHECK(k->state.month.held == nano_usd{3 * usd});
    CHECK(k->state.day.held == nano_usd{3 * usd});
    CHECK(k->state.total.held == nano_usd{3 * usd});
    CHECK(k->state.slots == 1);
  }
}

TEST_CASE("chain: a refusal by any member takes nothing from the others") {
  key child{.limits = {.requests_per_minute = 10, .tokens_per_minute = 1000}};
  key parent{.limits = {.requests_per_minute = 1}};
  const chain links{&child, &parent};
  CHECK(links.admits(asking_tokens(5), noon));
  const key before[] = {child, parent};
  const auto refusal = links.refusal(asking_tokens(5), noon + 10s);
  CHECK(refusal.member == 1);
  CHECK(refusal.kind == limit_kind::requests_per_minute);
  CHECK(refusal.retry_after == 50s);
  CHECK(child.state == before[0].state);
  CHECK(parent.state == before[1].state);
}

TEST_CASE("chain: siblings share what their parent has") {
  key first{.limits = {}}, second{.limits = {}};
  key parent{.limits = {.tokens_per_minute = 100, .concurrent_requests = 2}};
  const auto held = chain{&first, &parent}.hold(asking_tokens(60), noon);
  CHECK_FALSE(chain{&second, &parent}.admits(asking_tokens(60), noon));
  CHECK(chain{&second, &parent}.admits(asking_tokens(40), noon));
  chain{&first, &parent}.settle(held, 10, 0, noon);
  CHECK(chain{&first, &parent}.admits(asking_tokens(50), noon));
  CHECK(second.state.tokens.held == 40);
}

TEST_CASE("chain: the most useful refusal is told, its wait covers all of them") {
  struct row {
    const char* name;
    limits::limit_set child, parent;
    limits::ask second; // after a first one that used 1 request, 50 tokens, 1 USD
    limit_kind kind;
    std::size_t member;
    milliseconds retry;
    bool never;
  };
  const nano_usd one{usd};
  const auto midnight = at({2026, 11, 24}) - noon;
  const row rows[] = {
      {"the longer wait",
       {.requests_per_minute = 1},
       {.tokens_per_minute = 100},
       asking_tokens(90),
       limit_kind::requests_per_minute,
       0,
       60s,
       false},
      {"the longer wait is the parent's",
       {.requests_per_minute = 1, .tokens_per_minute = 1000},
       {.tokens_per_minute = 50, .burst_tokens = 60},
       asking_tokens(60, 0),
       limit_kind::requests_per_minute,
       0,
       60s,
       false},
      {"a parent's longer wait",
       {.requests_per_minute = 2, .burst_requests = 1},
       {.requests_per_minute = 1},
       {},
       limit_kind::requests_per_minute,
       1,
       60s,
       false},
      {"money before a wait, though shorter told of",
       {.requests_per_minute = 1},
       {.daily = one},
       asking_money(1),
       limit_kind::daily_spending_limit,
       1,
       midnight,
       false},
      {"never before money",
       {.tokens_per_minute = 100},
       {.daily = one},
       {.held_tokens = tokens{101}, .money_want = nano_usd{1}, .money_min = nano_usd{1}},
       limit_kind::tokens_per_minute,
       0,
       0ms,
       true},
      {"the lifetime's money before the day's",
       {.daily = one},
       {.total = one},
       asking_money(1),
       limit_kind::total_spending_limit,
       1,
       0ms,
       false},
      {"a known wait before an unknown one",
       {.concurrent_requests = 1},
       {.requests_per_minute = 1},
       {},
       limit_kind::requests_per_minute,
       1,
       60s,
       false},
      {"the key's own limit first",
       {.requests_per_minute = 1},
       {.requests_per_minute = 1},
       {},
       limit_kind::requests_per_minute,
       0,
       60s,
       false},
  };
  for (const row& r : rows) {
    INFO(r.name);
    key child{.limits = r.child}, parent{.limits = r.parent};
    const chain links{&child, &parent};
    const auto first = links.hold({.held_tokens = tokens{50}, .money_want = one}, noon);
    links.settle(first, 50, usd, noon);
    if (r.child.concurrent_requests)
      child.state.slots = 1;
    const auto refusal = links.refusal(r.second, noon);
    CHECK(refusal.kind == r.kind);
    CHECK(refusal.member == r.member);
    CHECK(refusal.retry_after == r.retry);
    CHECK(refusal.never_fits == r.never);
  }
}

TEST_CASE("chain: members that saw different clocks share the latest") {
  key child{.limits = {}}, parent{.limits = {.requests_per_minute = 1}};
  CHECK(chain{&parent}.admits(one_request, noon + 1h));
  const auto refusal = chain{&child, &parent}.refusal(one_request, noon);
  CHECK(refusal.retry_after == 1h + 60s);
  const auto held = chain{&child, &parent}.hold(one_request, noon + 1h + 60s);
  CHECK(held.day_id == limits::day_of(noon));
  CHECK(child.state.at_ms == parent.state.at_ms);
}

TEST_CASE("extend: adds tokens and money to a provisional hold, or leaves all as it was") {
  key k{.limits = {.requests_per_minute = 5, .tokens_per_minute = 100, .monthly = nano_usd{usd}}};
  const chain links{&k};
  auto held = links.hold({.provisional = true}, noon);
  const auto before = held;
  const auto state = k.state;
  const auto refusal = links.extend(held, {.held_tokens = tokens{101}}, noon);
  REQUIRE(refusal);
  CHECK(refusal->never_fits);
  CHECK(held == before);
  CHECK(k.state == state);
  CHECK_FALSE(links.extend(held,
                           {.held_tokens = tokens{60},
                            .risk_tokens = tokens{30},
                            .money_want = nano_usd{2 * usd},
                            .money_min = nano_usd{1}},
                           noon));
  CHECK(held.held_tokens == tokens{60});
  CHECK(held.risk_tokens == tokens{30});
  CHECK(held.money == nano_usd{usd});
  CHECK(k.state.slots == 1);
  CHECK(k.state.tokens_at_risk == 30);
  links.settle(held, 80, 7, noon);
  CHECK(k.state.month.spent == nano_usd{7});
  CHECK(k.state.month.held == nano_usd{0});
  CHECK(k.state.tokens == limits::meter{.level = 80 * limits::units_per_whole, .held = 0});
  CHECK(k.state.requests == limits::meter{.level = limits::units_per_whole, .held = 0});
}

TEST_CASE("extend: a hold made before midnight moves its money to the new window") {
  key k{.limits = {.daily = nano_usd{usd}}};
  const chain links{&k};
  const instant before = at({2026, 11, 30, 23, 59});
  const instant after = at({2026, 12, 1, 0, 1});
  auto held = links.hold({.money_want = nano_usd{600'000'000}, .provisional = true}, before);
  auto other = links.hold(asking_money(300'000'000), after);
  const auto refusal = links.extend(held, asking_money(200'000'000), after);
  REQUIRE(refusal); // 600 + 300 + 200 million of 1000
  CHECK(refusal->held_only);
  CHECK_FALSE(links.extend(held, asking_money(200'000'000, 1), after));
  CHECK(held.money == nano_usd{700'000'000});
  CHECK(held.day_id == limits::day_of(after));
  CHECK(k.state.day.held == nano_usd{usd});
  CHECK(k.state.month.held == nano_usd{usd});
  CHECK(k.state.total.held == nano_usd{usd});
  links.settle(held, 0, 700'000'000, after);
  links.cancel(other, after);
  CHECK(k.state.day == limits::money_window{held.day_id, nano_usd{700'000'000}, nano_usd{0}});
  CHECK(k.state.total.held == nano_usd{0});
}

TEST_CASE("extend: an already lowered limit of requests does not stop what was let in") {
  key k{.limits = {.requests_per_minute = 5, .concurrent_requests = 5}};
  const chain links{&k};
  auto held = links.hold({.provisional = true}, noon);
  k.limits.requests_per_minute = 0;
  k.limits.concurrent_requests = 0;
  CHECK_FALSE(links.extend(held, {}, noon));
  CHECK(k.state.requests.held == 0);
}

TEST_CASE("limits: nothing overflows at the bounds and beyond them") {
  const auto most = std::numeric_limits<std::int64_t>::max();
  const auto least = std::numeric_limits<std::int64_t>::min();
  key bounds{.limits = {.requests_per_minute = limits::per_minute_max,
                        .burst_requests = limits::burst_max,
                        .tokens_per_minute = limits::per_minute_max,
                        .burst_tokens = limits::burst_max,
                        .monthly = limits::money_max,
                        .daily = limits::money_max,
                        .total = limits::money_max,
                        .concurrent_requests = limits::concurrent_max}};
  key unlimited{.limits = {}};
  const chain links{&bounds, &unlimited};
  const limits::ask huge{.held_tokens = tokens{limits::burst_max},
                         .risk_tokens = tokens{limits::per_minute_max * 10},
                         .money_want = nano_usd{most}};
  const auto held = links.hold(huge, noon);
  CHECK(held.money == limits::money_max);
  CHECK(links.refusal(huge, noon + 24h * 3650).used > 0);
  for (int i = 0; i < 100; ++i)
    links.settle({}, most, most, noon + 1h * i);
  links.settle({}, least, least, noon);
  const std::int64_t lua_exact = std::int64_t{1} << 53;
  CHECK(bounds.state.tokens.level < lua_exact);
  CHECK(unlimited.state.total.spent.value < lua_exact);
  CHECK_FALSE(links.admits(one_request, noon + 100h));
  links.cancel(held, noon);
  CHECK(bounds.state.tokens.held == 0);
  CHECK(chain{&unlimited}.admits({.requests = most,
                                  .slots = most,
                                  .held_tokens = tokens{most},
                                  .risk_tokens = tokens{most},
                                  .money_want = nano_usd{most},
                                  .money_min = nano_usd{most}},
                                 noon));
  CHECK(chain{&unlimited}.admits({.requests = least,
                                  .slots = least,
                                  .held_tokens = tokens{least},
                                  .risk_tokens = tokens{least},
                                  .money_want = nano_usd{least},
                                  .money_min = nano_usd{least}},
                                 noon));
}
