// A node divides what it was lent, and no more.
#include "policies/limits/lease.hpp"

#include <random>

#include "policies/limits/lend.hpp"
#include "tests/policies/limits/keys.hpp"
#include "tests/support/catch.hpp"

namespace tests {
namespace {

using limits::lease;
using limits::portion;

constexpr std::int64_t today = 20'000, month = 600;

limits::ask asking(std::int64_t held, std::int64_t nano) {
  limits::ask a;
  a.held_tokens = tokens{held};
  a.money_want = a.money_min = nano_usd{nano};
  return a;
}

portion lent(std::int64_t count, std::int64_t held, std::int64_t nano) {
  return {.requests = count, .slots = count, .held_tokens = tokens{held}, .money = nano_usd{nano}};
}

} // namespace

TEST_CASE("lease: it gives while it covers all that is asked, on its day only") {
  lease l{7};
  CHECK_FALSE(l.take(asking(1, 1), today));
  l.add(lent(2, 100, 100), month, today);
  CHECK_FALSE(l.take(asking(1, 101), today)); // money is not lowered
  CHECK_FALSE(l.take(asking(1, 1), today + 1));
  const auto held = l.take(asking(60, 60), today);
  REQUIRE(held);
  CHECK(held->lease == 7);
  CHECK(held->slot_lease == 7);
  CHECK(held->money == nano_usd{60});
  CHECK_FALSE(l.take(asking(41, 1), today));
  l.settle(*held, {tokens{10}, nano_usd{20}});
  CHECK(l.free() ==
        portion{.requests = 1, .slots = 2, .held_tokens = tokens{90}, .money = nano_usd{80}});
  CHECK(l.requests_used() == 1);
  CHECK(l.flying() == 0);
}

TEST_CASE("lease: a provisional request counts when it goes on, and never when it is given back") {
  lease l{7};
  l.add(lent(2, 100, 100), month, today);
  const limits::ask head{.requests = 1, .slots = 1, .provisional = true};
  auto first = l.take(head, today);
  auto second = l.take(head, today);
  REQUIRE((first && second));
  CHECK(l.requests_used() == 0);
  CHECK_FALSE(l.extend(*first, asking(1, 101), today));
  CHECK(first->requests_held == 1);
  REQUIRE(l.extend(*first, asking(1, 90), today));
  CHECK(first->money == nano_usd{90});
  CHECK(l.requests_used() == 1);
  l.cancel(*second);
  CHECK(l.free().requests == 1);
  CHECK(l.requests_used() == 1);
  l.settle(*first, {tokens{1}, nano_usd{90}});
  CHECK(l.free().money == nano_usd{10});
}

TEST_CASE("lease: of a hold whose money is held apart only the slot comes back") {
  lease l{7};
  l.add(lent(1, 100, 100), month, today);
  auto held = l.take({.requests = 1, .slots = 1, .provisional = true}, today);
  REQUIRE(held);
  l.use_request(*held);
  held->lease = 0;
  held->money = nano_usd{500};
  l.settle(*held, {tokens{1}, nano_usd{400}});
  CHECK(l.free() == portion{.slots = 1, .held_tokens = tokens{100}, .money = nano_usd{100}});
  CHECK(l.requests_used() == 1);
}

TEST_CASE(
    "lease: a hold is of the windows that were granted last, with all that was asked for it") {
  lease l{7};
  l.add(lent(4, 100, 100), month, today);
  limits::ask head = asking(10, 20);
  head.provisional = true;
  auto held = l.take(head, today);
  REQUIRE(held);
  CHECK((held->month_id == month && held->day_id == today));
  l.add({.risk_tokens = tokens{300}}, month + 1, today + 1);
  const limits::ask more{.held_tokens = tokens{5},
                         .risk_tokens = tokens{70},
                         .money_want = nano_usd{6},
                         .money_min = nano_usd{6}};
  CHECK_FALSE(l.extend(*held, more, today)); // yesterday's
  REQUIRE(l.extend(*held, more, today + 1));
  CHECK((held->month_id == month + 1 && held->day_id == today + 1));
  CHECK((held->requests_held == 0 && l.requests_used() == 1));
  CHECK((held->held_tokens == tokens{15} && held->risk_tokens == tokens{70}));
  CHECK(held->money == nano_usd{26});
  l.settle(*held, {tokens{1}, nano_usd{2}});
  CHECK(l.requests_used() == 1);
  CHECK(l.free() == portion{.requests = 3,
                            .slots = 4,
                            .held_tokens = tokens{99},
                            .risk_tokens = tokens{300},
                            .money = nano_usd{98}});
}

TEST_CASE("lease: a provisional request that ends as it is has been used") {
  lease l{7};
  l.add(lent(1, 0, 0), month, today);
  const auto held = l.take({.requests = 1, .slots = 1, .provisional = true}, today);
  REQUIRE(held);
  l.settle(*held, {});
  CHECK((l.requests_used() == 1 && l.free() == portion{.slots = 1}));
}

TEST_CASE("lease: a step that did not happen is taken back") {
  lease l{7};
  l.add(lent(3, 10, 10), month, today);
  REQUIRE(l.take(asking(4, 4), today));
  const portion free = l.take_free();
  const std::int64_t used = l.take_requests_used();
  CHECK((l.free().empty() && l.requests_used() == 0));
  l.take_back(free, used);
  CHECK(l.free() == lent(2, 6, 6));
  CHECK(l.requests_used() == 1);
}

TEST_CASE("lease: holds of another one change nothing here") {
  lease mine{7}, other{8};
  other.add(lent(5, 100, 100), month, today);
  mine.add(lent(5, 100, 100), month, today);
  const limits::ask head{.requests = 1, .slots = 1, .provisional = true};
  auto foreign = other.take(head, today);
  REQUIRE(foreign);
  mine.use_request(*foreign);
  CHECK(foreign->requests_held == 1);
  CHECK_FALSE(mine.extend(*foreign, asking(1, 1), today));
  mine.cancel(*foreign);
  mine.settle(*foreign, {tokens{1}, nano_usd{1}});
  CHECK((mine.free() == lent(5, 100, 100) && mine.requests_used() == 0 && mine.flying() == 0));
  other.use_request(*foreign);
  CHECK((foreign->requests_held == 0 && other.requests_used() == 1));
  auto own = mine.take(head, today);
  REQUIRE(own);
  CHECK_FALSE(mine.extend(*own, asking(1, 1), today + 1));
}

TEST_CASE("lease: a chunk is what 100 ms ask for, and nothing where few ask") {
  limits::demand d;
  const portion each = portion_of(asking(10, 20));
  for (int i = 0; i < 3; ++i)
    d.note(each, 1'000'000);
  CHECK(limits::chunk_for(d.at(1'000'000), {}).empty());
  d.note(each, 1'000'000);
  CHECK(limits::chunk_for(d.at(1'000'000), {}) == lent(4, 40, 80));
  for (int i = 0; i < 6; ++i)
    d.note(each, 1'000'050);
  const portion recent = d.at(1'000'099);
  CHECK(recent == lent(10, 100, 200));
  CHECK(limits::chunk_for(recent, {}) == recent);
  CHECK(limits::chunk_for(recent, lent(4, 60, 120)) == lent(6, 40, 80));
  CHECK(limits::chunk_for(recent, lent(5, 50, 100)).empty());
  CHECK(limits::surplus_of(recent, lent(25, 150, 500)) ==
        portion{.requests = 5, .slots = 5, .money = nano_usd{100}});
  CHECK(d.at(1'000'150) == recent); // the span before
  CHECK(d.at(1'000'400).empty());
}

// Whatever happens, what the node has and has promised is what the store holds for it.
TEST_CASE("lease: node and store agree on what is lent, whatever happens") {
  std::mt19937_64 random{20261123};
  const auto below = [&](std::int64_t end) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(end));
  };
  for (int round = 0; round < 200; ++round) {
    key one{{.requests_per_minute = 1000, .total = nano_usd{100'000}, .concurrent_requests = 50}};
    chain alone{&one};
    lease l{7};
    limits::loan loan;
    std::vector<limits::hold> flying;
    portion promised;
    std::int64_t spent = 0;
    instant now = noon;
    for (int i = 0; i < 300; ++i) {
      now += milliseconds{below(50)};
      const std::int64_t kind = below(10);
      if (kind < 2) {
        limits::loan_step step;
        step.sequence = loan.sequence + 1;
        step.requests_used = l.take_requests_used();
        step.returned = below(4) == 0 ? l.take_free() : portion{};
        step.wanted = lent(below(20), below(100), below(2000));
        step.parts = 1 + below(20);
        l.add(lend(alone.links, loan, step, now), loan.month_id, loan.day_id);
      } else if (kind < 7) {
        if (const auto held = l.take(asking(below(20), below(400)), loan.day_id)) {
          flying.push_back(*held);
          promised +=
              {.slots = held->slots, .held_tokens = held->held_tokens, .money = held->money};
        }
      } else if (!flying.empty()) {
        const auto at = static_cast<std::size_t>(below(static_cast<std::int64_t>(flying.size())));
        const limits::hold h = flying[at];
        flying.erase(flying.begin() + static_cast<std::ptrdiff_t>(at));
        promised -= {.slots = h.slots, .held_tokens = h.held_tokens, .money = h.money};
        if (below(4) == 0) {
          l.cancel(h);
          continue;
        }
        const limits::actuals used{tokens{below(h.held_tokens.value + 5)},
                                   nano_usd{below(h.money.value + 1)}};
        l.settle(h, used);
        settle_lent(alone.links, loan, used, h, now);
        spent += used.cost.value;
      }
      portion mine = l.free() + promised;
      mine.requests += l.requests_used();
      REQUIRE(loan.amount == mine);
      REQUIRE(one.state.total.spent == nano_usd{spent});
      REQUIRE(one.state.total.held == loan.amount.money);
      REQUIRE(one.state.total.spent + one.state.total.held <= nano_usd{100'000});
    }
  }
}

} // namespace tests
