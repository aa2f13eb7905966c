// Holds by request id: asked twice, told twice, out of order, too late, never.
#include "policies/limits/book.hpp"
#include "tests/policies/limits/keys.hpp"
#include "tests/support/catch.hpp"

using namespace tests;
using limits::book;
using effect = limits::book::effect;

namespace {

policies::request_id id(std::uint8_t n) {
  policies::request_id made;
  made.bytes[15] = n;
  return made;
}

// A key and its parent with a book, and questions that are in time.
struct ledger {
  key child{.limits = {.concurrent_requests = 2}};
  key parent{.limits = {.tokens_per_minute = 1000, .monthly = nano_usd{usd}}};
  chain links{&child, &parent};
  book holds{};

  book::answer reserve(std::uint8_t n, std::int64_t money, instant now) {
    const limits::ask wanted{.held_tokens = tokens{100},
                             .risk_tokens = tokens{50},
                             .money_want = nano_usd{money},
                             .money_min = nano_usd{money}};
    return holds.reserve(id(n), links.links, wanted, now + 5s, now);
  }
  effect settle(std::uint8_t n, std::int64_t used, std::int64_t nano, instant now,
                const limits::hold& held = {}) {
    return holds.settle(id(n), links.links, held, {tokens{used}, nano_usd{nano}}, now);
  }
  nano_usd spent() const { return parent.state.month.spent; }
  bool nothing_held() const {
    const limits::limit_state& s = parent.state;
    return s.slots == 0 && s.tokens.held == 0 && s.tokens_at_risk == 0 && s.requests.held == 0 &&
           s.month.held == nano_usd{0} && s.day.held == nano_usd{0} &&
           s.total.held == nano_usd{0} && child.state.slots == 0;
  }
};

bool is_too_late(const book::answer& answer) {
  return std::holds_alternative<book::too_late>(answer);
}

} // namespace

TEST_CASE("book: the same id asked again gets the same answer and holds once") {
  ledger l;
  const auto first = l.reserve(1, 1000, noon);
  REQUIRE(std::holds_alternative<limits::hold>(first));
  const auto state = l.parent.state;
  CHECK(l.reserve(1, 1000, noon) == first);
  CHECK(l.parent.state == state);
  CHECK(l.holds.open_holds() == 1);
  const auto refused = l.reserve(2, 2 * usd, noon);
  REQUIRE(std::holds_alternative<limits::limit_refusal>(refused));
  l.parent.limits.monthly = nano_usd{9 * usd};
  const auto again = l.reserve(2, 2 * usd, noon + 1s);
  REQUIRE(std::holds_alternative<limits::limit_refusal>(again)); // though it would fit by now
  CHECK(std::get<limits::limit_refusal>(again).limit == usd);
  CHECK(std::holds_alternative<limits::hold>(l.reserve(3, 2 * usd, noon + 1s)));
}

TEST_CASE("book: a question past its not_after holds nothing") {
  ledger l;
  const limits::ask wanted{};
  CHECK(is_too_late(l.holds.reserve(id(1), l.links.links, wanted, noon, noon + 1ms)));
  CHECK_FALSE(is_too_late(l.holds.reserve(id(1), l.links.links, wanted, noon + 1ms, noon + 1ms)));
  CHECK(is_too_late(l.holds.reserve(id(2), l.links.links, wanted, noon, noon - 1h))); // clock back
  CHECK(l.child.state.slots == 1);
}

TEST_CASE("book: settling twice counts once") {
  ledger l;
  l.reserve(1, 1000, noon);
  CHECK(l.settle(1, 120, 700, noon + 1s) == effect::applied);
  const auto state = l.parent.state;
  CHECK(l.settle(1, 120, 700, noon + 1s) == effect::duplicate);
  CHECK(l.holds.cancel(id(1), noon + 1s) == effect::duplicate);
  CHECK(is_too_late(l.reserve(1, 1000, noon + 1s)));
  CHECK(l.parent.state == state);
  CHECK(l.spent() == nano_usd{700});
  CHECK(l.nothing_held());
}

TEST_CASE("book: a cancel that overtakes its reserve makes it too late") {
  ledger l;
  CHECK(l.holds.cancel(id(1), noon) == effect::unheld);
  CHECK(is_too_late(l.reserve(1, 1000, noon)));
  CHECK(l.nothing_held());
  l.reserve(2, 1000, noon);
  CHECK(l.holds.cancel(id(2), noon) == effect::applied);
  CHECK(l.settle(2, 1, 1, noon) == effect::duplicate);
  CHECK(l.nothing_held());
  CHECK(l.spent() == nano_usd{0});
}

TEST_CASE("book: an outcome without a hold is charged in the windows its asker names") {
  ledger l;
  const limits::hold kept{.slots = 1,
                          .money = nano_usd{1000},
                          .month_id = limits::month_of(noon),
                          .day_id = limits::day_of(noon)};
  CHECK(l.settle(1, 10, 600, noon + 1s, kept) == effect::unheld);
  CHECK(l.settle(1, 10, 600, noon + 1s, kept) == effect::duplicate);
  CHECK(l.spent() == nano_usd{600});
  CHECK(l.nothing_held());
  limits::hold october = kept;
  october.month_id -= 1;
  CHECK(l.settle(2, 10, 600, noon + 1s, october) == effect::unheld);
  CHECK(l.spent() == nano_usd{600});
  CHECK(l.parent.state.total.spent == nano_usd{1200});
}

TEST_CASE("book: a hold that grows too old is a charge at its bound, corrected by a late truth") {
  ledger l;
  l.reserve(1, 1000, noon);
  l.reserve(2, 500, noon + 1min);
  CHECK(l.holds.sweep(noon + 30min).empty());
  const auto swept = l.holds.sweep(noon + 30min + 1ms);
  REQUIRE(swept.size() == 1);
  CHECK(swept[0].id == id(1));
  CHECK(swept[0].charged.used_tokens == tokens{150});
  CHECK(swept[0].charged.cost == nano_usd{1000});
  CHECK(l.spent() == nano_usd{1000});
  CHECK(l.parent.state.tokens.level == 150 * limits::units_per_whole);
  CHECK(l.holds.sweep(noon + 30min + 1ms).empty());
  CHECK(l.settle(1, 20, 300, noon + 31min) == effect::corrected);
  CHECK(l.settle(1, 20, 300, noon + 31min) == effect::duplicate);
  CHECK(l.spent() == nano_usd{300});
  CHECK(l.parent.state.tokens.held == 100); // the other one's
  CHECK(l.settle(2, 160, 500, noon + 31min) == effect::applied);
  CHECK(l.spent() == nano_usd{800});
  CHECK(l.nothing_held());
}

TEST_CASE("book: a late truth above the bound is charged in full, a late cancel gives money back") {
  ledger l;
  l.reserve(1, 1000, noon);
  l.reserve(2, 1000, noon);
  CHECK(l.holds.sweep(noon + 31min).size() == 2);
  const auto level = l.parent.state.tokens.level;
  CHECK(l.settle(1, 170, 1500, noon + 31min) == effect::corrected);
  CHECK(l.parent.state.tokens.level == level + 20 * limits::units_per_whole);
  CHECK(l.spent() == nano_usd{2500});
  CHECK(l.holds.cancel(id(2), noon + 31min) == effect::corrected);
  CHECK(l.spent() == nano_usd{1500});
  CHECK(l.nothing_held());
}

TEST_CASE("book: a correction stays in the windows of the hold") {
  ledger l;
  const instant november = at({2026, 11, 30, 23, 40});
  const instant december = at({2026, 12, 1, 0, 20});
  l.reserve(1, 1000, november);
  l.holds.sweep(december);
  CHECK(l.parent.state.month.spent == nano_usd{0}); // December's
  CHECK(l.parent.state.total.spent == nano_usd{1000});
  CHECK(l.settle(1, 1, 400, december) == effect::corrected);
  CHECK(l.parent.state.month.spent == nano_usd{0});
  CHECK(l.parent.state.total.spent == nano_usd{400});
}

TEST_CASE("book: extending is idempotent, a refused one leaves the hold to be cancelled") {
  ledger l;
  const limits::ask body_to_come{.provisional = true};
  l.holds.reserve(id(1), l.links.links, body_to_come, noon, noon);
  const limits::ask body{.held_tokens = tokens{400}};
  const auto extended = l.holds.extend(id(1), body, noon);
  REQUIRE(std::holds_alternative<limits::hold>(extended));
  CHECK(l.holds.extend(id(1), body, noon) == extended);
  CHECK(l.parent.state.tokens.held == 400);
  l.holds.reserve(id(2), l.links.links, body_to_come, noon, noon);
  CHECK(std::holds_alternative<limits::limit_refusal>(
      l.holds.extend(id(2), {.held_tokens = tokens{700}}, noon)));
  CHECK(l.holds.cancel(id(2), noon) == effect::applied);
  CHECK(is_too_late(l.holds.extend(id(2), body, noon)));
  CHECK(is_too_late(l.holds.extend(id(3), body, noon)));
  CHECK(l.settle(1, 400, 0, noon) == effect::applied);
  CHECK(l.nothing_held());
}

TEST_CASE("book: what ended is forgotten after a while, so that memory is bounded") {
  ledger l;
  l.reserve(1, 1000, noon);
  l.settle(1, 1, 1, noon + 1s);
  l.reserve(2, 2 * usd, noon); // refused
  l.reserve(3, 1000, noon);
  CHECK(l.holds.remembered() == 3);
  l.holds.sweep(noon + 10s);
  CHECK(l.holds.remembered() == 2);
  l.holds.sweep(noon + 24h);
  l.holds.sweep(noon + 24h + 2s);
  CHECK(l.holds.remembered() == 1); // the tombstone of 3
  l.holds.sweep(noon + 49h);
  CHECK(l.holds.remembered() == 0);
  CHECK(is_too_late(l.reserve(1, 1000, noon)));
}

TEST_CASE("book: a question is in time until the very instant it names, also when asked again") {
  ledger l;
  const limits::ask wanted = asking_money(2 * usd);
  const auto ask = [&](instant now) {
    return l.holds.reserve(id(1), l.links.links, wanted, noon, now);
  };
  const auto refused = ask(noon);
  REQUIRE(std::holds_alternative<limits::limit_refusal>(refused));
  CHECK(ask(noon) == refused);
  CHECK(is_too_late(ask(noon + 1ms)));
  CHECK(is_too_late(ask(noon))); // the clock was set back: it is as late as it was
  CHECK(is_too_late(l.holds.reserve(id(2), l.links.links, {}, noon, noon)));
}

TEST_CASE("book: a refusal is kept while it may be asked for again, and no longer") {
  ledger l;
  l.holds.reserve(id(1), l.links.links, asking_money(2 * usd), noon + 1min, noon);
  l.holds.sweep(noon + 1min);
  CHECK(l.holds.remembered() == 1);
  l.holds.sweep(noon + 1min + 1ms);
  CHECK(l.holds.remembered() == 0);
  // Asked in the last instant: it came to be no longer ago than that.
  l.holds.reserve(id(2), l.links.links, asking_money(2 * usd), noon + 2min, noon + 2min);
  l.holds.sweep(noon + 2min);
  CHECK(l.holds.remembered() == 1);
}

TEST_CASE("book: an outcome is remembered for as long as is said, to the instant") {
  ledger l;
  l.reserve(1, 1000, noon);
  CHECK(l.settle(1, 1, 1, noon + 1s) == effect::applied);
  l.holds.sweep(noon + 1s + 24h);
  CHECK(l.settle(1, 1, 1, noon + 1s + 24h) == effect::duplicate);
  l.holds.sweep(noon + 1s + 24h + 1ms);
  CHECK_FALSE(l.holds.knows(id(1)));
}

TEST_CASE("book: a refused request that is settled all the same has ended before") {
  ledger l;
  l.reserve(1, 2 * usd, noon);
  CHECK(l.settle(1, 1, 1, noon) == effect::duplicate);
  CHECK(l.spent() == nano_usd{0});
  CHECK_FALSE(l.holds.held(id(1)));
  CHECK_FALSE(l.holds.held(id(9)));
}

TEST_CASE("book: a hold in use is not forgotten, however short the memory for ended ones") {
  ledger l;
  l.holds = book{{.lifetime_max = 48h, .memory_max = 1h}};
  l.reserve(1, 1000, noon);
  CHECK(l.holds.sweep(noon + 48h).empty());
  CHECK(l.holds.held(id(1)));
  CHECK(l.holds.open_holds() == 1);
  CHECK(l.holds.sweep(noon + 48h + 1ms).size() == 1);
  CHECK(l.holds.open_holds() == 0);
}

TEST_CASE("book: an outcome of which no hold was known is remembered as any other") {
  ledger l;
  CHECK(l.settle(1, 1, 1, noon) == effect::unheld);
  CHECK(l.holds.cancel(id(2), noon) == effect::unheld);
  l.holds.sweep(noon + 24h);
  CHECK(l.settle(1, 1, 1, noon + 24h) == effect::duplicate);
  CHECK(l.holds.cancel(id(2), noon + 24h) == effect::duplicate);
  CHECK(l.parent.state.total.spent == nano_usd{1});
}
