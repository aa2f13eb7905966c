// Exactly at a limit, one beyond it, and at a limit of nothing: what passes, and what a refusal
// says of it.
#include "tests/policies/limits/keys.hpp"
#include "tests/support/catch.hpp"

using namespace tests;

TEST_CASE("boundaries: possible debt of ten minutes' worth is not too much, nor is it never") {
  key k{.limits = {.tokens_per_minute = 10}}; // 100 may be owed
  const chain links{&k};
  REQUIRE(links.admits(asking_tokens(0, 1), noon));
  const auto refusal = links.refusal(asking_tokens(0, 100), noon);
  CHECK(refusal.limit == 100);
  CHECK(refusal.used == 1);
  CHECK(refusal.held_only); // by itself it would fit
  CHECK_FALSE(refusal.never_fits);
  CHECK(links.admits(asking_tokens(0, 99), noon));
  const auto never = links.refusal(asking_tokens(0, 101), noon);
  CHECK_FALSE(never.held_only);
  CHECK(never.never_fits);
  // A limit that is lowered later stands against new debt only.
  k.limits.tokens_per_minute = 1;
  CHECK(links.admits(asking_tokens(0, 0), noon));
  CHECK_FALSE(links.admits(asking_tokens(0, 1), noon));
}

TEST_CASE(
    "boundaries: a meter that would do but for what is held is told from one that would not") {
  key k{.limits = {.tokens_per_minute = 10}};
  const chain links{&k};
  links.settle(links.hold(asking_tokens(4), noon), 4, 0, noon);
  REQUIRE(links.admits(asking_tokens(1), noon));
  CHECK(links.refusal(asking_tokens(6), noon).held_only); // 4 used and 6: all there is
  const auto used = links.refusal(asking_tokens(7), noon);
  CHECK_FALSE(used.held_only); // no end of a request helps
  CHECK_FALSE(used.never_fits);
  CHECK_FALSE(links.refusal(asking_tokens(10), noon).never_fits);
  CHECK(links.refusal(asking_tokens(11), noon).never_fits);
  CHECK(links.admits(asking_tokens(5), noon));
}

TEST_CASE("boundaries: concurrency of nothing refuses even what asks for no slot") {
  key none{.limits = {.concurrent_requests = 0}};
  const auto refusal = chain{&none}.refusal({.slots = 0}, noon);
  CHECK(refusal.never_fits);
  CHECK_FALSE(refusal.held_only);
  key one{.limits = {.concurrent_requests = 1}};
  const auto two = chain{&one}.refusal({.slots = 2}, noon);
  CHECK(two.never_fits);
  CHECK_FALSE(two.held_only);
  CHECK(chain{&one}.admits({.slots = 1}, noon));
  CHECK(chain{&one}.admits({.slots = 0}, noon));
}

TEST_CASE("boundaries: a money limit of nothing refuses even what costs nothing") {
  key none{.limits = {.total = nano_usd{0}}};
  const auto refusal = chain{&none}.refusal(asking_money(0), noon);
  CHECK(refusal.never_fits);
  CHECK_FALSE(refusal.held_only);
  CHECK(none.state == limits::limit_state{});
}

TEST_CASE("boundaries: money that is all held is told from money that is spent, to the last") {
  key k{.limits = {.total = nano_usd{100}}};
  const chain links{&k};
  links.settle(links.hold(asking_money(60), noon), 0, 60, noon);
  REQUIRE(links.admits(asking_money(1), noon));
  const auto last = links.refusal(asking_money(40), noon);
  CHECK(last.held_only); // all that is unspent, and one of it is held
  CHECK_FALSE(last.never_fits);
  const auto more = links.refusal(asking_money(41), noon);
  CHECK_FALSE(more.held_only);
  CHECK_FALSE(more.never_fits);
  CHECK_FALSE(links.refusal(asking_money(100), noon).never_fits);
  CHECK(links.refusal(asking_money(101), noon).never_fits);
  CHECK(links.admits(asking_money(39), noon));
}

TEST_CASE("boundaries: what an extension moves into a new window belongs to that window") {
  key k{.limits = {.monthly = nano_usd{usd}, .daily = nano_usd{usd}}};
  const chain links{&k};
  const instant november = at({2026, 11, 30, 23, 59, 59});
  const instant december = at({2026, 12, 1});
  auto held = links.hold(
      {.money_want = nano_usd{10}, .money_min = nano_usd{10}, .provisional = true}, november);
  CHECK_FALSE(links.extend(held, asking_money(5), december));
  CHECK(held.month_id == limits::month_of(december));
  CHECK(held.day_id == limits::day_of(december));
  links.settle(held, 0, 7, december);
  CHECK(k.state.month == limits::money_window{limits::month_of(december), nano_usd{7}, {}});
  CHECK(k.state.day == limits::money_window{limits::day_of(december), nano_usd{7}, {}});
}

TEST_CASE("boundaries: a rate of nothing refuses even what asks for no request") {
  key none{.limits = {.requests_per_minute = 0}};
  CHECK(chain{&none}.refusal({.requests = 0}, noon).never_fits);
}

TEST_CASE("boundaries: a meter exactly an hour deep keeps its time, as any refusal does") {
  key k{.limits = {.requests_per_minute = 1, .burst_requests = 60}};
  const chain links{&k};
  for (int i = 0; i < 60; ++i)
    REQUIRE(links.admits(one_request, noon));
  const limits::limit_state before = k.state;
  CHECK(links.refusal(one_request, noon + 1s).retry_after == 59s);
  CHECK(k.state == before);
  k.limits.burst_requests = 61;
  REQUIRE(links.admits(one_request, noon)); // one deeper than that
  CHECK(links.refusal(one_request, noon + 1s).retry_after == 59s);
  CHECK(k.state.at_ms == (noon + 1s).time_since_epoch().count());
}

TEST_CASE("boundaries: within one instant nothing drains, whatever becomes of the limit") {
  key k{.limits = {.requests_per_minute = 5}};
  const chain links{&k};
  for (int i = 0; i < 5; ++i)
    REQUIRE(links.admits(one_request, noon));
  k.limits.requests_per_minute.reset();
  REQUIRE(links.admits(one_request, noon));
  CHECK(k.state.requests.level == 5 * limits::units_per_whole);
  k.limits.requests_per_minute = 5;
  CHECK_FALSE(links.admits(one_request, noon));
}

TEST_CASE("boundaries: of members that refuse alike, the nearest to the key is told") {
  key child{.limits = {.requests_per_minute = 1}}, parent{.limits = {.requests_per_minute = 1}};
  const chain links{&child, &parent};
  REQUIRE(links.admits(one_request, noon));
  CHECK(links.refusal(one_request, noon).member == 0);
}

TEST_CASE("boundaries: the wait is the longest, whichever member is looked at first") {
  key slow{.limits = {.requests_per_minute = 1}},
      fast{.limits = {.requests_per_minute = 2, .burst_requests = 1}};
  for (const auto& order : {chain{&slow, &fast}, chain{&fast, &slow}}) {
    slow.state = fast.state = {};
    REQUIRE(order.admits(one_request, noon));
    const auto refusal = order.refusal(one_request, noon);
    CHECK(refusal.retry_after == 60s);
    CHECK(refusal.limit == 1);
    CHECK(order.links[refusal.member].limits == &slow.limits);
  }
  key month{.limits = {.monthly = nano_usd{1}}}, day{.limits = {.daily = nano_usd{1}}};
  for (const auto& order : {chain{&month, &day}, chain{&day, &month}}) {
    month.state = day.state = {};
    order.settle(order.hold(asking_money(1), noon), 0, 1, noon);
    const auto refusal = order.refusal(asking_money(1), noon);
    CHECK(noon + refusal.retry_after == at({2026, 12, 1}));
    CHECK(refusal.kind == limits::limit_kind::monthly_spending_limit);
  }
}

TEST_CASE("boundaries: of money limits with as much left, the first is told") {
  key k{.limits = {.monthly = nano_usd{3}, .daily = nano_usd{1}}};
  const chain links{&k};
  links.settle(links.hold(asking_money(1), noon), 0, 2, noon);
  const auto left = limits::remaining_of(k.limits, k.state, noon + 24h);
  CHECK(left.money_left == nano_usd{1});
  CHECK(left.money_limit == nano_usd{3});
}
