// What a store lends counts as held until it is used or comes back.
#include "policies/limits/lend.hpp"

#include "policies/limits/meter.hpp"
#include "tests/policies/limits/keys.hpp"
#include "tests/support/catch.hpp"

namespace tests {
namespace {

using limits::loan;
using limits::loan_step;
using limits::portion;

loan_step step_of(std::int64_t sequence, const portion& wanted, std::int64_t parts = 1) {
  loan_step step;
  step.sequence = sequence;
  step.wanted = wanted;
  step.parts = parts;
  return step;
}

portion money(std::int64_t nano) {
  return {.money = nano_usd{nano}};
}

limits::ask asking(std::int64_t nano) {
  limits::ask a;
  a.money_want = a.money_min = nano_usd{nano};
  return a;
}

} // namespace

TEST_CASE("lend: never more than a part of what remains on every member") {
  key leaf{{.total = nano_usd{10'000}}}, root{{.monthly = nano_usd{4000}}};
  chain both{&leaf, &root};
  loan lent;
  CHECK(lend(both.links, lent, step_of(1, money(1'000'000), 20), noon) == money(200));
  CHECK(leaf.state.total.held == nano_usd{200});
  CHECK(root.state.month.held == nano_usd{200});
  CHECK_FALSE(both.admits(asking(3801), noon));
  CHECK(both.admits(asking(3800), noon));
}

TEST_CASE("lend: a step that is told twice counts once") {
  key one{{.requests_per_minute = 100}};
  chain alone{&one};
  loan lent;
  const portion ten{.requests = 10};
  CHECK(lend(alone.links, lent, step_of(1, ten), noon) == ten);
  CHECK(lend(alone.links, lent, step_of(1, ten), noon) == ten);
  CHECK(one.state.requests.held == 10);
  auto told = step_of(2, {});
  told.requests_used = 4;
  told.returned = {.requests = 6};
  lend(alone.links, lent, told, noon);
  lend(alone.links, lent, told, noon);
  CHECK(one.state.requests.held == 0);
  CHECK(one.state.requests.level == 4 * limits::units_per_whole);
}

TEST_CASE("lend: nothing where it would not do, where a limit is 0, or passed already") {
  const portion wanted{.requests = 100, .money = nano_usd{1000}};
  loan_step step = step_of(1, wanted, 20);
  step.least = {.requests = 3};
  for (const limits::limit_set& set :
       {limits::limit_set{.requests_per_minute = 40}, limits::limit_set{.concurrent_requests = 0},
        limits::limit_set{.total = nano_usd{0}}, limits::limit_set{.tokens_per_minute = 0}}) {
    key one{set};
    chain alone{&one};
    loan lent;
    CHECK(lend(alone.links, lent, step, noon).empty());
    CHECK(lent.amount.empty());
  }
  key lowered{{.total = nano_usd{100}}};
  lowered.state.total.spent = nano_usd{101};
  chain alone{&lowered};
  loan lent;
  CHECK(lend(alone.links, lent, step_of(1, {.requests = 1}), noon).empty());
}

TEST_CASE("lend: what a request of it cost is charged once, in its own windows") {
  key one{{.daily = nano_usd{1000}, .total = nano_usd{5000}}};
  chain alone{&one};
  loan lent;
  lend(alone.links, lent, step_of(1, money(1000)), noon);
  const limits::hold today{.month_id = lent.month_id, .day_id = lent.day_id};
  settle_lent(alone.links, lent, {.cost = nano_usd{300}}, today, noon);
  CHECK(one.state.day.spent == nano_usd{300});
  CHECK(one.state.day.held == nano_usd{700});
  // The next day what is lent is held in the windows of that day; a late outcome is of its own.
  const instant tomorrow = noon + 24h;
  lend(alone.links, lent, step_of(2, {}), tomorrow);
  CHECK(one.state.day.held == nano_usd{700});
  CHECK(one.state.day.spent == nano_usd{0});
  settle_lent(alone.links, lent, {.cost = nano_usd{200}}, today, tomorrow);
  CHECK(one.state.day.spent == nano_usd{0});
  CHECK(one.state.total.spent == nano_usd{500});
  CHECK(one.state.total.held == nano_usd{500});
}

TEST_CASE("lend: a loan in debt holds nothing, and what it is lent next pays the debt") {
  key one{{.tokens_per_minute = 1000}};
  chain alone{&one};
  loan lent;
  lend(alone.links, lent, step_of(1, {.held_tokens = tokens{100}}), noon);
  settle_lent(alone.links, lent, {.used_tokens = tokens{250}}, {}, noon);
  CHECK(one.state.tokens.held == 0);
  CHECK(lent.amount.held_tokens == tokens{-150});
  lend(alone.links, lent, step_of(2, {.held_tokens = tokens{200}}), noon);
  CHECK(one.state.tokens.held == 50);
}

TEST_CASE("lend: of a node that is gone all is charged; of one that comes back what it did not use "
          "is given back") {
  key one{{.requests_per_minute = 10, .total = nano_usd{1000}}};
  chain alone{&one};
  loan lent;
  lend(alone.links, lent, step_of(1, {.requests = 5, .money = nano_usd{1000}}), noon);
  expire(alone.links, lent, noon);
  CHECK(one.state.total.held == nano_usd{0});
  CHECK(one.state.total.spent == nano_usd{1000});
  CHECK(one.state.requests.level == 5 * limits::units_per_whole);
  settle_expired(alone.links, lent, {.cost = nano_usd{400}}, {}, noon);
  CHECK(one.state.total.spent == nano_usd{1000});
  settle_expired(alone.links, lent, {.cost = nano_usd{700}}, {}, noon);
  CHECK(one.state.total.spent == nano_usd{1100}); // more than it was lent: charged all the same
  key other{{.total = nano_usd{1000}}};
  chain second{&other};
  loan back;
  lend(second.links, back, step_of(1, money(1000)), noon);
  expire(second.links, back, noon);
  settle_expired(second.links, back, {.cost = nano_usd{400}}, {}, noon);
  forgive(second.links, back, noon);
  CHECK(other.state.total.spent == nano_usd{400});
}

TEST_CASE("lend: requests of an ended loan count as used, the rest is free") {
  key one{{.requests_per_minute = 10, .total = nano_usd{1000}, .concurrent_requests = 10}};
  chain alone{&one};
  loan lent;
  lend(alone.links, lent, step_of(1, {.requests = 5, .slots = 5, .money = nano_usd{1000}}), noon);
  end_loan(alone.links, lent, noon);
  CHECK(one.state.requests.held == 0);
  CHECK(one.state.requests.level == 5 * limits::units_per_whole);
  CHECK(one.state.slots == 0);
  CHECK(one.state.total.held == nano_usd{0});
  CHECK(one.state.total.spent == nano_usd{0});
}

TEST_CASE("lend: a limit that is just used up stands against nothing that it does not count") {
  key one{{.requests_per_minute = 10, .total = nano_usd{100}}};
  one.state.total.spent = nano_usd{100};
  chain alone{&one};
  loan lent;
  CHECK(lend(alone.links, lent, step_of(1, {.requests = 4}), noon) == portion{.requests = 4});
}

TEST_CASE("lend: nothing beyond what any limit or hold may be; fewer parts than one are one") {
  const portion endless{.requests = INT64_MAX,
                        .slots = INT64_MAX,
                        .held_tokens = tokens{INT64_MAX},
                        .risk_tokens = tokens{-1},
                        .money = nano_usd{INT64_MAX}};
  key unlimited{{}};
  chain free{&unlimited};
  loan lent;
  CHECK(lend(free.links, lent, step_of(1, endless, 0), noon) ==
        portion{.requests = limits::count_max,
                .slots = limits::count_max,
                .held_tokens = tokens{limits::count_max},
                .money = limits::money_max});
  key high{{.total = nano_usd{INT64_MAX}, .concurrent_requests = INT64_MAX}};
  high.state.total.spent = nano_usd{5};
  chain alone{&high};
  loan much;
  const portion granted = lend(alone.links, much, step_of(1, endless, 0), noon);
  CHECK(granted.slots == limits::concurrent_max);
  CHECK(granted.money == limits::money_max - nano_usd{5});
}

TEST_CASE("lend: tokens at risk have ten minutes of the limit; who wants none is not asked") {
  const portion risky{.requests = 1, .risk_tokens = tokens{5000}};
  key one{{.tokens_per_minute = 100}};
  chain alone{&one};
  loan lent;
  CHECK(lend(alone.links, lent, step_of(1, risky), noon).risk_tokens == tokens{1000});
  key beyond{{.tokens_per_minute = 100}};
  beyond.state.tokens_at_risk = 1001;
  chain other{&beyond};
  loan none;
  CHECK(lend(other.links, none, step_of(1, risky), noon).empty());
  CHECK(lend(other.links, none, step_of(2, {.requests = 1}), noon).requests == 1);
}

TEST_CASE("lend: what a node may have used has been used when it went, not when it was lent") {
  for (const auto& end : {limits::expire, limits::end_loan}) {
    key one{{.requests_per_minute = 10}};
    chain alone{&one};
    loan lent;
    lend(alone.links, lent, step_of(1, {.requests = 5}), noon);
    end(alone.links, lent, noon + 30min);
    CHECK(one.state.requests.level == 5 * limits::units_per_whole);
    CHECK_FALSE(alone.admits({.requests = 6}, noon + 30min));
    CHECK(alone.admits({.requests = 5}, noon + 30min));
  }
}

TEST_CASE("lend: tokens of a node that is gone are charged once, at their true bound") {
  key one{{.tokens_per_minute = 1000}};
  chain alone{&one};
  loan lent;
  lend(alone.links, lent, step_of(1, {.held_tokens = tokens{100}, .risk_tokens = tokens{300}}),
       noon);
  expire(alone.links, lent, noon);
  CHECK(one.state.tokens.level == 400 * limits::units_per_whole);
  settle_expired(alone.links, lent, {.used_tokens = tokens{30}}, {}, noon);
  CHECK(lent.amount == portion{.held_tokens = tokens{70}, .risk_tokens = tokens{300}});
  settle_expired(alone.links, lent, {.used_tokens = tokens{120}}, {}, noon);
  CHECK(lent.amount == portion{.risk_tokens = tokens{250}});
  CHECK(one.state.tokens.level == 400 * limits::units_per_whole);
  settle_expired(alone.links, lent, {.used_tokens = tokens{400}}, {}, noon);
  CHECK(one.state.tokens.level == 550 * limits::units_per_whole);
  CHECK(lent.amount.empty());
}

} // namespace tests
