// Tokens a minute: what is held does not drain, what is used does, debt is repaid first.
#include "tests/policies/limits/keys.hpp"
#include "tests/support/catch.hpp"

using namespace tests;
using limits::limit_kind;

TEST_CASE("token_limit: held tokens do not drain, settled ones do") {
  key k{.limits = {.tokens_per_minute = 100}};
  const chain links{&k};
  const auto held = links.hold(asking_tokens(100), noon);
  CHECK_FALSE(links.admits(asking_tokens(1), noon + 1h));
  links.settle(held, 40, 0, noon + 1h);
  CHECK(k.state.tokens == limits::meter{.level = 40 * limits::units_per_whole, .held = 0});
  CHECK(links.admits(asking_tokens(60), noon + 1h));
  CHECK(links.refusal(asking_tokens(1), noon + 1h).retry_after == 600ms);
}

TEST_CASE("token_limit: an estimate that is settled small never grants more than was unused") {
  // Held 100 of 100, drained for a minute and refunded, a one-field bucket would grant 199.
  key k{.limits = {.tokens_per_minute = 100}};
  const chain links{&k};
  const auto held = links.hold(asking_tokens(100), noon);
  links.settle(held, 1, 0, noon + 59s);
  CHECK(links.admits(asking_tokens(99), noon + 59s));
  CHECK_FALSE(links.admits(asking_tokens(1), noon + 59s));
}

TEST_CASE("token_limit: the refund attack gains nothing") {
  // Reserve all there is, settle one token of it, again and again, every 100 ms.
  key k{.limits = {.tokens_per_minute = 6000}};
  const chain links{&k};
  std::int64_t used = 0;
  for (instant now = noon; now < noon + 10min; now += 100ms) {
    const auto left = limits::remaining_of(k.limits, k.state, now).tokens_left.value();
    const auto held = links.hold(asking_tokens(left), now);
    const std::int64_t small = std::min<std::int64_t>(left, 1);
    links.settle(held, small, 0, now + 50ms);
    used += small;
  }
  // The burst at the end may be what the bucket holds, not what was ever given back.
  const auto left = limits::remaining_of(k.limits, k.state, noon + 10min).tokens_left.value();
  CHECK(used == 6000);
  CHECK(left <= 6000);
  CHECK_FALSE(links.admits(asking_tokens(left + 1), noon + 10min));
}

TEST_CASE("token_limit: debt is repaid by refill before anything else passes") {
  key k{.limits = {.tokens_per_minute = 60}};
  const chain links{&k};
  const auto held = links.hold(asking_tokens(10, 200), noon);
  CHECK(k.state.tokens_at_risk == 200);
  links.settle(held, 180, 0, noon);
  CHECK(k.state.tokens_at_risk == 0);
  const auto refusal = links.refusal(asking_tokens(1), noon);
  CHECK(refusal.kind == limit_kind::tokens_per_minute);
  CHECK(refusal.limit == 60);
  CHECK(refusal.used == 180);
  CHECK(refusal.wanted == 1);
  CHECK(refusal.retry_after == 121s);
  CHECK_FALSE(links.admits(asking_tokens(1), noon + 121s - 1ms));
  CHECK(links.admits(asking_tokens(1), noon + 121s));
}

TEST_CASE("token_limit: in debt nothing passes, not even a request without tokens") {
  key k{.limits = {.tokens_per_minute = 60}};
  const chain links{&k};
  links.settle(links.hold(asking_tokens(60, 30), noon), 90, 0, noon);
  CHECK(links.refusal(one_request, noon).retry_after == 30s);
  CHECK(links.admits(one_request, noon + 30s));
}

TEST_CASE("token_limit: possible debt of all in flight is ten minutes of the limit") {
  key k{.limits = {.tokens_per_minute = 100}};
  const chain links{&k};
  const auto held = links.hold(asking_tokens(1, 600), noon);
  CHECK(links.admits(asking_tokens(1, 400), noon));
  const auto full = links.refusal(asking_tokens(1, 1), noon);
  CHECK(full.kind == limit_kind::tokens_per_minute);
  CHECK(full.limit == 1000);
  CHECK(full.used == 1000);
  CHECK(full.wanted == 1);
  CHECK(full.held_only);
  CHECK(full.retry_after == 0ms);
  CHECK(links.admits(asking_tokens(1, 0), noon)); // strict requests owe nothing
  links.settle(held, 1, 0, noon);
  CHECK(links.admits(asking_tokens(1, 600), noon));
  CHECK(links.refusal(asking_tokens(1, 1001), noon).never_fits);
}

TEST_CASE("token_limit: more than the capacity never fits") {
  key k{.limits = {.tokens_per_minute = 1000, .burst_tokens = 50}};
  const chain links{&k};
  const auto refusal = links.refusal(asking_tokens(51), noon);
  CHECK(refusal.never_fits);
  CHECK(refusal.limit == 50);
  CHECK(refusal.retry_after == 0ms);
  CHECK(links.admits(asking_tokens(50), noon));
  CHECK_FALSE(links.refusal(asking_tokens(50), noon).never_fits);
  CHECK(limits::token_capacity(k.limits) == 50);
}

TEST_CASE("token_limit: zero allows nothing, absent allows all") {
  key none{.limits = {.tokens_per_minute = 0, .burst_tokens = 5}};
  CHECK(chain{&none}.refusal(asking_tokens(1), noon).never_fits);
  CHECK(chain{&none}.refusal(asking_tokens(0), noon).never_fits);
  key all{.limits = {}};
  const auto held = chain{&all}.hold(asking_tokens(5'000'000'000), noon);
  CHECK(all.state.tokens.held == 5'000'000'000);
  all.limits.tokens_per_minute = 10; // set while in flight: what is in flight counts
  CHECK(chain{&all}.refusal(asking_tokens(1), noon).held_only);
  chain{&all}.settle(held, 4, 0, noon);
  CHECK(chain{&all}.admits(asking_tokens(6), noon));
}

TEST_CASE("token_limit: strict, no window passes capacity + rate x time when saturated") {
  key k{.limits = {.tokens_per_minute = 6000}};
  const chain links{&k};
  std::int64_t settled = 0;
  for (instant now = noon; now < noon + 10min; now += 7ms) {
    const auto result = links.reserve(asking_tokens(311), now);
    if (const auto* held = std::get_if<limits::hold>(&result)) {
      links.settle(*held, 311, 0, now);
      settled += 311;
    }
  }
  CHECK(settled <= 6000 * 11);
  CHECK(settled > 6000 * 11 - 2 * 311);
}
