// Figures beyond what the arithmetic is made for: asked for, set as limits, or found in a state.
// Each is counted as its bound, on either side.
#include <limits>

#include "policies/limits/meter.hpp"
#include "tests/policies/limits/keys.hpp"
#include "tests/support/catch.hpp"

using namespace tests;

namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();

limits::ask asking_everything(std::int64_t amount) {
  return {.requests = amount,
          .slots = amount,
          .held_tokens = tokens{amount},
          .risk_tokens = tokens{amount},
          .money_want = nano_usd{amount},
          .money_min = nano_usd{amount}};
}

} // namespace

TEST_CASE("bounds: less than nothing asked for is nothing, and gives nothing back") {
  for (const std::int64_t amount : {std::int64_t{-1}, -limits::count_max, least}) {
    key k{.limits = {.requests_per_minute = 1, .concurrent_requests = 1}};
    const auto held = chain{&k}.hold(asking_everything(amount), noon);
    CHECK(held.slots == 0);
    CHECK(held.held_tokens == tokens{0});
    CHECK(held.risk_tokens == tokens{0});
    CHECK(held.money == nano_usd{0});
    CHECK(k.state.requests == limits::meter{});
    CHECK(k.state.tokens == limits::meter{});
    CHECK(k.state.tokens_at_risk == 0);
    CHECK(k.state.slots == 0);
    CHECK(k.state.total.held == nano_usd{0});
  }
}

TEST_CASE("bounds: a provisional request for less than nothing holds none") {
  key k{.limits = {.requests_per_minute = 1}};
  const auto held = chain{&k}.hold({.requests = -5, .provisional = true}, noon);
  CHECK(held.requests_held == 0);
  CHECK(k.state.requests.held == 0);
}

TEST_CASE("bounds: what is asked for beyond all bounds is held as the bound") {
  key k{.limits = {}};
  limits::ask wanted = asking_everything(most);
  wanted.provisional = true;
  const auto held = chain{&k}.hold(wanted, noon);
  CHECK(held.requests_held == limits::count_max);
  CHECK(held.slots == limits::count_max);
  CHECK(held.held_tokens.value == limits::count_max);
  CHECK(held.risk_tokens.value == limits::count_max);
  CHECK(held.money == limits::money_max);
  CHECK(k.state.tokens_at_risk == limits::count_max);
}

TEST_CASE("bounds: the least that is worth it is never above what is wanted, nor below nothing") {
  key k{.limits = {.total = nano_usd{usd}}};
  const chain links{&k};
  CHECK(links.hold(asking_money(usd / 2, 3 * usd), noon).money == nano_usd{usd / 2});
  CHECK(links.hold(asking_money(usd, -usd), noon).money == nano_usd{usd / 2});
  // Nothing is left: the least, though below nothing, does not open what is overdrawn.
  k.limits.total = nano_usd{usd / 2};
  CHECK_FALSE(links.admits(asking_money(usd, -usd), noon));
}

TEST_CASE("bounds: an extension is bounded as the first question is") {
  key k{.limits = {}};
  const chain links{&k};
  auto held = links.hold({.provisional = true}, noon);
  CHECK_FALSE(links.extend(held, asking_everything(-3), noon));
  CHECK(held.held_tokens == tokens{0});
  CHECK(held.risk_tokens == tokens{0});
  CHECK(held.money == nano_usd{0});
  CHECK(k.state.tokens.held == 0);
}

TEST_CASE("bounds: limits beyond all bounds are their bounds") {
  key slots{.limits = {.concurrent_requests = most}};
  CHECK(chain{&slots}.admits({.slots = limits::concurrent_max}, noon));
  const auto refusal = chain{&slots}.refusal(one_request, noon);
  CHECK(refusal.limit == limits::concurrent_max);

  key negative{.limits = {.concurrent_requests = -1}};
  const auto none = chain{&negative}.refusal(one_request, noon);
  CHECK(none.limit == 0);
  CHECK(none.never_fits);

  key money{.limits = {.total = nano_usd{most}}};
  CHECK(chain{&money}.hold(asking_money(most), noon).money == limits::money_max);
  CHECK(chain{&money}.refusal(asking_money(1), noon).limit == limits::money_max.value);
}

TEST_CASE("bounds: a meter's limits are within theirs, and rate 0 has no capacity") {
  const auto widest = limits::rate_limit_of(most, most);
  CHECK(widest->rate == limits::per_minute_max);
  CHECK(widest->capacity == limits::burst_max);
  const auto narrowest = limits::rate_limit_of(least, 5);
  CHECK(narrowest->rate == 0);
  CHECK(narrowest->capacity == 0);
  CHECK(limits::rate_limit_of(5, -5)->capacity == 0);
  CHECK(limits::rate_limit_of(5, std::nullopt)->capacity == 5);
}

TEST_CASE("bounds: taken out is never more than there is, as after a loss of state") {
  key k{.limits = {}};
  const limits::hold unknown{.requests_held = 3,
                             .slots = 3,
                             .held_tokens = tokens{3},
                             .risk_tokens = tokens{3},
                             .money = nano_usd{3},
                             .month_id = limits::month_of(noon),
                             .day_id = limits::day_of(noon)};
  chain{&k}.cancel(unknown, noon);
  CHECK(k.state.requests.held == 0);
  CHECK(k.state.slots == 0);
  CHECK(k.state.tokens.held == 0);
  CHECK(k.state.tokens_at_risk == 0);
  for (const auto& window : {k.state.month, k.state.day, k.state.total})
    CHECK(window.held == nano_usd{0});
}

TEST_CASE("bounds: a cost below nothing gives nothing back, and sums stop before they turn") {
  key k{.limits = {}};
  const chain links{&k};
  links.settle(links.hold(one_request, noon), 0, 500, noon);
  links.settle(links.hold(one_request, noon), 0, -300, noon);
  CHECK(k.state.total.spent == nano_usd{500});
  links.settle(links.hold(one_request, noon), 0, most, noon);
  CHECK(k.state.total.spent == nano_usd{9'000'000'000'000'000});
  links.settle(links.hold(one_request, noon), 0, most, noon);
  CHECK(k.state.month.spent == nano_usd{9'000'000'000'000'000});
}

TEST_CASE("bounds: a correction is bounded on both sides, in money and in tokens") {
  key k{.limits = {.tokens_per_minute = 1'000'000}};
  const chain links{&k};
  const limits::hold held = links.hold(one_request, noon);
  const auto correct = [&](std::int64_t charged, std::int64_t truth) {
    limits::correct(links.links, held, {tokens{charged}, nano_usd{charged}},
                    {tokens{truth}, nano_usd{truth}}, noon);
  };
  links.settle(held, 0, 70, noon);
  correct(-50, 5); // nothing was charged, so nothing is taken out
  CHECK(k.state.total.spent == nano_usd{75});
  CHECK(k.state.tokens.level == 5 * limits::units_per_whole);
  correct(least, least);
  CHECK(k.state.total.spent == nano_usd{75});
  CHECK(k.state.tokens.level == 5 * limits::units_per_whole);
  correct(limits::count_max - 1, most); // no more than the bound, of which almost all was charged
  CHECK(k.state.tokens.level == 6 * limits::units_per_whole);
}

TEST_CASE("bounds: debt of tokens stops growing where Lua's numbers are exact, and never shrinks") {
  key k{.limits = {.tokens_per_minute = 1}};
  const chain links{&k};
  const limits::hold held = links.hold(one_request, noon);
  links.settle(held, 3, 0, noon);
  links.settle(held, -2, 0, noon);
  CHECK(k.state.tokens.level == 3 * limits::units_per_whole);
  links.settle(held, most, 0, noon);
  CHECK(k.state.tokens.level == (limits::count_max + 3) * limits::units_per_whole);
  links.settle(held, most, 0, noon);
  CHECK(k.state.tokens.level == limits::level_max);
}
