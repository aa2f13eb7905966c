// Refusals of the limits as reserve() itself makes them: code, wait and the figures in words.
#include "policies/admission/admission.hpp"
#include "tests/policies/admission/keys.hpp"
#include "tests/support/catch.hpp"

using namespace policies::admission;
using namespace tests;
namespace limits = policies::limits;

namespace {

// What reserve() says of `wanted` for a chain in these states, in words.
refusal told(const chain& members, std::vector<limits::limit_state>& states,
             const limits::ask& wanted) {
  std::vector<limits::member> links;
  for (std::size_t i = 0; i < members.size(); ++i)
    links.push_back({.limits = &members[i]->limits, .state = &states[i]});
  const auto result = limits::reserve(links, wanted, noon);
  const auto* why = std::get_if<limits::limit_refusal>(&result);
  REQUIRE(why != nullptr);
  refusal refused = refusal_of(*why, *members[why->member]);
  CHECK(refused.message.ends_with(" (refused by deepseek-proxy)"));
  return refused;
}

limits::limit_state at_noon() {
  limits::limit_state state;
  state.at_ms = noon.time_since_epoch().count();
  state.month.id = limits::month_of(noon);
  state.day.id = limits::day_of(noon);
  return state;
}

limits::ask money(std::int64_t want, std::int64_t min) {
  limits::ask ask;
  ask.money_want = nano_usd{want};
  ask.money_min = nano_usd{min};
  return ask;
}

} // namespace

TEST_CASE("limit_refusal: too many requests say when to come back") {
  key_record key = plain_key();
  key.limits.requests_per_minute = 60;
  std::vector states{at_noon()};
  states[0].requests.level = 60 * limits::units_per_whole;
  const refusal why = told({&key}, states, {});
  CHECK(why.code == refusal_code::rate_limit_exceeded);
  CHECK(why.retry_after == milliseconds{1000});
  CHECK(why.should_retry);
  CHECK(why.message == "Rate limit reached: the requests_per_minute of this key is 60, at most 60 "
                       "at once; used: 60, this request: 1. Try again in 1.00 s. (refused by "
                       "deepseek-proxy)");
}

TEST_CASE("limit_refusal: a parent's limit is named as the parent's") {
  key_record key = plain_key();
  key_record team = group("team-a");
  team.limits.tokens_per_minute = 1'000;
  team.limits.burst_tokens = 2'000;
  std::vector states{at_noon(), at_noon()};
  states[1].tokens.level = 1'500 * limits::units_per_whole;
  limits::ask ask;
  ask.held_tokens = tokens{600};
  const refusal why = told({&key, &team}, states, ask);
  CHECK(why.code == refusal_code::rate_limit_exceeded);
  CHECK(why.retry_after == milliseconds{6000});
  CHECK(says(why.message, "tokens_per_minute of group \"team-a\" is 1,000, at most 2,000 at once"));
  CHECK(says(why.message, "used: 1,500, this request: 600"));
}

TEST_CASE("limit_refusal: debt of requests in flight is told apart from the meter") {
  key_record key = plain_key();
  key.limits.tokens_per_minute = 1'000;
  std::vector states{at_noon()};
  states[0].tokens_at_risk = 9'900;
  limits::ask ask;
  ask.risk_tokens = tokens{101};
  const refusal why = told({&key}, states, ask);
  CHECK(why.code == refusal_code::rate_limit_exceeded);
  CHECK(why.retry_after == milliseconds{1000});
  CHECK(says(why.message, "may owe up to 10,000 tokens; used: 9,900, this request: 101"));
}

TEST_CASE("limit_refusal: concurrent requests count those in flight") {
  key_record key = plain_key();
  key.limits.concurrent_requests = 5;
  std::vector states{at_noon()};
  states[0].slots = 5;
  const refusal why = told({&key}, states, {});
  CHECK(why.code == refusal_code::rate_limit_exceeded);
  CHECK(why.retry_after == milliseconds{1000});
  CHECK(says(why.message, "concurrent_requests of this key is 5, and 5 are in flight"));
}

TEST_CASE("limit_refusal: a limit of 0 allows nothing, and retrying is pointless") {
  for (const auto field :
       {&limits::limit_set::requests_per_minute, &limits::limit_set::tokens_per_minute,
        &limits::limit_set::concurrent_requests}) {
    key_record key = plain_key();
    key.limits.*field = 0;
    std::vector states{at_noon()};
    const refusal why = told({&key}, states, {});
    CHECK(why.code == refusal_code::rate_limit_exceeded);
    CHECK_FALSE(why.should_retry);
    CHECK_FALSE(why.retry_after);
    CHECK(says(why.message, "is 0, which allows nothing"));
  }
  key_record key = plain_key();
  key.limits.daily = nano_usd{0};
  std::vector states{at_noon()};
  const refusal why = told({&key}, states, {});
  CHECK(why.code == refusal_code::insufficient_quota);
  CHECK_FALSE(why.should_retry);
  CHECK(says(why.message, "daily_spending_limit of this key is $0.0000"));
}

TEST_CASE("limit_refusal: tokens beyond the capacity are the request's own fault") {
  key_record key = plain_key();
  key.limits.tokens_per_minute = 1'000;
  std::vector states{at_noon()};
  limits::ask ask;
  ask.held_tokens = tokens{1'001};
  const refusal why = told({&key}, states, ask);
  CHECK(why.code == refusal_code::invalid_request);
  CHECK_FALSE(why.should_retry);
  CHECK(says(why.message, "at most 1,000 at once; used: 0, this request: 1,001"));
}

TEST_CASE("limit_refusal: money that is only held comes back soon") {
  key_record key = plain_key();
  key.limits.monthly = nano_usd{10'000'000'000};
  std::vector states{at_noon()};
  states[0].month.held = nano_usd{9'990'000'000};
  const refusal why = told({&key}, states, money(300'000'000, 20'000'000));
  CHECK(why.code == refusal_code::rate_limit_exceeded);
  CHECK(why.should_retry);
  CHECK(why.retry_after == milliseconds{1000});
  CHECK(says(why.message, "monthly_spending_limit of this key is $10.0000, of which $9.9900 is "
                          "spent or held"));
  CHECK(says(why.message, "can cost up to $0.3000"));
}

TEST_CASE("limit_refusal: money that is spent is a quota, and says when it resets") {
  struct row {
    std::optional<nano_usd> limits::limit_set::*limit;
    policies::limits::money_window limits::limit_state::*window;
    std::string_view name;
    std::string_view resets;
    bool comes_back;
  };
  using limits::limit_set;
  using limits::limit_state;
  for (const row& each :
       {row{&limit_set::monthly, &limit_state::month, "monthly_spending_limit",
            "on the first of next month at 00:00 UTC", true},
        row{&limit_set::daily, &limit_state::day, "daily_spending_limit", "next 00:00 UTC", true},
        row{&limit_set::total, &limit_state::total, "total_spending_limit", "does not reset",
            false}}) {
    key_record key = plain_key();
    key_record team = group("team-a");
    team.limits.*each.limit = nano_usd{50'000'000};
    std::vector states{at_noon(), at_noon()};
    (states[1].*each.window).spent = nano_usd{49'000'000};
    const refusal why = told({&key, &team}, states, money(300'000'000, 20'000'000));
    CHECK(why.code == refusal_code::insufficient_quota);
    CHECK_FALSE(why.should_retry);
    CHECK(why.retry_after.has_value() == each.comes_back);
    CAPTURE(why.message);
    CHECK(says(why.message, std::string{each.name} + " of group \"team-a\" is $0.0500, of which "
                                                     "$0.0490 is spent"));
    CHECK(says(why.message, each.resets));
  }
}
