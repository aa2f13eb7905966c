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

TEST_CASE("lease: a chunk is what 100 ms ask for, and nothing where few ask") {
  limits::demand d;
  const portion each = portion_of(asking(10, 20));
  for (int i = 0; i < 3; ++i)
    d.note(each, 1'000'000);
  CHECK(limits::chunk_for(d.at(1'000'000), {}).empty());
  for (int i = 0; i < 7; ++i)
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
