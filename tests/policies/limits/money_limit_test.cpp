// Money: holds in windows of the calendar, the last of it shared out, what is held told from what
// is spent.
#include "tests/policies/limits/keys.hpp"
#include "tests/support/catch.hpp"

using namespace tests;
using limits::limit_kind;

TEST_CASE("money_limit: windows are the calendar month and day in UTC") {
  struct row {
    moment when;
    std::int64_t month, day;
  };
  const row rows[] = {
      {{1970, 1, 1}, 1970 * 12, 0},
      {{1970, 1, 31, 23, 59, 59, 999}, 1970 * 12, 30},
      {{2024, 2, 29, 23, 59, 59, 999}, 2024 * 12 + 1, 19782},
      {{2024, 3, 1}, 2024 * 12 + 2, 19783},
      {{2026, 12, 31, 23, 59, 59, 999}, 2026 * 12 + 11, 20818},
      {{2027, 1, 1}, 2027 * 12, 20819},
  };
  for (const row& r : rows) {
    CHECK(limits::month_of(at(r.when)) == r.month);
    CHECK(limits::day_of(at(r.when)) == r.day);
  }
}

TEST_CASE("money_limit: the hold is what is unheld, down to the least that is worth it") {
  key k{.limits = {.monthly = nano_usd{usd}}};
  const chain links{&k};
  const auto first = links.hold(asking_money(700'000'000, 1000), noon);
  CHECK(first.money == nano_usd{700'000'000});
  const auto second = links.hold(asking_money(700'000'000, 1000), noon);
  CHECK(second.money == nano_usd{300'000'000});
  const auto refusal = links.refusal(asking_money(700'000'000, 1000), noon);
  CHECK(refusal.kind == limit_kind::monthly_spending_limit);
  CHECK(refusal.limit == usd);
  CHECK(refusal.used == usd);
  CHECK(refusal.wanted == 700'000'000);
  CHECK(refusal.held_only);
  CHECK_FALSE(refusal.never_fits);
  CHECK(refusal.retry_after == 0ms);
  links.settle(first, 0, usd - 300'000'999, noon); // 999 nano-dollars are left
  CHECK(links.refusal(asking_money(1000), noon).held_only);
  links.cancel(second, noon);
  CHECK(links.hold(asking_money(1000, 1), noon).money == nano_usd{1000});
  CHECK(k.state.month.spent == nano_usd{usd - 300'000'999});
}

TEST_CASE("money_limit: spent money comes back with its window, to the millisecond") {
  struct row {
    const char* name;
    limits::limit_set limits;
    moment now;
    std::optional<moment> back;
    limit_kind kind;
  };
  const nano_usd one{usd};
  const row rows[] = {
      {"a month",
       {.monthly = one},
       {2026, 11, 23, 12},
       moment{2026, 12, 1},
       limit_kind::monthly_spending_limit},
      {"December",
       {.monthly = one},
       {2026, 12, 31, 23, 59, 59, 999},
       moment{2027, 1, 1},
       limit_kind::monthly_spending_limit},
      {"a leap February",
       {.monthly = one},
       {2028, 2, 28},
       moment{2028, 3, 1},
       limit_kind::monthly_spending_limit},
      {"a day",
       {.daily = one},
       {2026, 11, 23, 12, 30, 15, 250},
       moment{2026, 11, 24},
       limit_kind::daily_spending_limit},
      {"both: the month is the longer wait",
       {.monthly = one, .daily = one},
       {2026, 11, 23},
       moment{2026, 12, 1},
       limit_kind::monthly_spending_limit},
      {"the total never",
       {.monthly = one, .daily = one, .total = one},
       {2026, 11, 23},
       std::nullopt,
       limit_kind::total_spending_limit},
  };
  for (const row& r : rows) {
    INFO(r.name);
    key k{.limits = r.limits};
    const chain links{&k};
    links.settle(links.hold(asking_money(usd), at(r.now)), 0, usd, at(r.now));
    const auto refusal = links.refusal(asking_money(1), at(r.now));
    CHECK(refusal.kind == r.kind);
    CHECK_FALSE(refusal.held_only);
    if (!r.back) {
      CHECK(refusal.retry_after == 0ms);
      CHECK_FALSE(links.admits(asking_money(1), at(r.now) + 24h * 400));
      continue;
    }
    CHECK(at(r.now) + refusal.retry_after == at(*r.back));
    CHECK_FALSE(links.admits(asking_money(1), at(*r.back) - 1ms));
    CHECK(links.admits(asking_money(usd), at(*r.back)));
  }
}

TEST_CASE("money_limit: a hold belongs to the window it was made in") {
  key k{.limits = {.monthly = nano_usd{usd}, .daily = nano_usd{usd}, .total = nano_usd{9 * usd}}};
  const chain links{&k};
  const instant november = at({2026, 11, 30, 23, 59, 59});
  const instant december = at({2026, 12, 1});
  const auto old = links.hold(asking_money(usd), november);
  const auto fresh = links.hold(asking_money(usd), december); // `held` began anew
  CHECK(k.state.month.held == nano_usd{usd});
  CHECK(k.state.total.held == nano_usd{2 * usd});
  links.settle(old, 0, usd, december);
  CHECK(k.state.month == limits::money_window{2026 * 12 + 11, nano_usd{0}, nano_usd{usd}});
  CHECK(k.state.day.spent == nano_usd{0});
  CHECK(k.state.total == limits::money_window{0, nano_usd{usd}, nano_usd{usd}});
  links.settle(fresh, 0, 5, december);
  CHECK(k.state.month.spent == nano_usd{5});
  CHECK(k.state.month.held == nano_usd{0});
  CHECK(k.state.total.spent == nano_usd{usd + 5});
}

TEST_CASE("money_limit: a day passes within a month") {
  key k{.limits = {.monthly = nano_usd{2 * usd}, .daily = nano_usd{usd}}};
  const chain links{&k};
  const auto held = links.hold(asking_money(usd), at({2026, 11, 23, 23, 59}));
  links.settle(held, 0, 900'000'000, at({2026, 11, 24, 0, 1}));
  CHECK(k.state.month.spent == nano_usd{900'000'000});
  CHECK(k.state.day.spent == nano_usd{0});
  CHECK(k.state.day.held == nano_usd{0});
}

TEST_CASE("money_limit: a clock set back does not reopen a window") {
  key k{.limits = {.daily = nano_usd{usd}}};
  const chain links{&k};
  links.settle(links.hold(asking_money(usd), at({2026, 11, 24, 0, 0, 1})), 0, usd,
               at({2026, 11, 24, 0, 0, 1}));
  const auto refusal = links.refusal(asking_money(1), at({2026, 11, 23, 23, 59}));
  CHECK(at({2026, 11, 23, 23, 59}) + refusal.retry_after == at({2026, 11, 25}));
}

TEST_CASE("money_limit: lowered below what is used nothing passes, and nothing goes wrong") {
  key k{.limits = {.monthly = nano_usd{10 * usd}}};
  const chain links{&k};
  links.settle(links.hold(asking_money(5 * usd), noon), 0, 5 * usd, noon);
  const auto in_flight = links.hold(asking_money(5 * usd), noon);
  k.limits.monthly = nano_usd{usd};
  const auto refusal = links.refusal(asking_money(1), noon);
  CHECK_FALSE(refusal.held_only);
  CHECK(refusal.used == 10 * usd);
  CHECK_FALSE(links.admits(asking_money(0), noon));
  CHECK(limits::remaining_of(k.limits, k.state, noon).money_left == nano_usd{0});
  links.settle(in_flight, 0, 2 * usd, noon);
  CHECK(k.state.month.spent == nano_usd{7 * usd});
  k.limits.monthly = nano_usd{8 * usd};
  CHECK(links.hold(asking_money(3 * usd, 1), noon).money == nano_usd{usd});
  k.limits.monthly = nano_usd{0};
  CHECK(links.refusal(asking_money(0), noon).never_fits);
}

TEST_CASE("money_limit: a request whose least is more than the limit never fits") {
  key k{.limits = {.daily = nano_usd{100}}};
  const auto refusal = chain{&k}.refusal(asking_money(1000, 101), noon);
  CHECK(refusal.never_fits);
  CHECK(refusal.retry_after == 0ms);
  CHECK(chain{&k}.hold(asking_money(1000, 100), noon).money == nano_usd{100});
}

TEST_CASE("money_limit: a free request passes as long as nothing is overspent") {
  key k{.limits = {.total = nano_usd{usd}}};
  const chain links{&k};
  links.settle(links.hold(asking_money(usd), noon), 0, usd, noon);
  CHECK(links.admits(asking_money(0), noon));
  CHECK_FALSE(links.admits(asking_money(1), noon));
}

TEST_CASE("money_limit: more than was held is charged all the same") {
  key k{.limits = {.total = nano_usd{usd}}};
  const chain links{&k};
  links.settle(links.hold(asking_money(10), noon), 0, 3 * usd, noon);
  CHECK(k.state.total == limits::money_window{0, nano_usd{3 * usd}, nano_usd{0}});
  CHECK_FALSE(links.admits(asking_money(0), noon));
}
