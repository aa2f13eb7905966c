// Caps and money against each other, for many prices, prompts and grants: what is granted always
// covers what may be billed, and no token is given away.
#include <random>

#include "policies/admission/admission.hpp"
#include "policies/admission/money_bound.hpp"
#include "tests/policies/admission/keys.hpp"
#include "tests/support/catch.hpp"

using namespace policies::admission;
using namespace tests;
namespace pricing = policies::pricing;
namespace limits = policies::limits;
using policies::pico_usd;

namespace {

constexpr std::uint64_t seed = 20261118;

std::int64_t between(std::mt19937_64& random, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(high - low + 1));
}

// Small and large figures alike, where rounding shows.
std::int64_t spread(std::mt19937_64& random, std::int64_t most) {
  return between(random, 0, most >> between(random, 0, 20));
}

money_bound random_bound(std::mt19937_64& random) {
  return {.prompt = tokens{spread(random, 1'048'576)},
          .price = {.cache_hit = pico_usd{spread(random, 50'000)},
                    .cache_miss = pico_usd{spread(random, 2'000'000)},
                    .output = pico_usd{spread(random, 5'000'000)}},
          .multiplicity = between(random, 1, 4)};
}

} // namespace

TEST_CASE("money_bound: agrees with what settling would charge for the whole of it") {
  std::mt19937_64 random{seed};
  CAPTURE(seed);
  for (int round = 0; round < 20'000; ++round) {
    const money_bound bound = random_bound(random);
    const std::int64_t cap = spread(random, 393'216);
    const std::int64_t cached = between(random, 0, bound.prompt.value);
    const pricing::token_usage most{.cached = tokens{cached},
                                    .prompt = tokens{bound.prompt.value - cached},
                                    .output = tokens{cap * bound.multiplicity},
                                    .reasoning = {}};
    REQUIRE(pricing::cost_of(most, bound.price) <= bound.cost(tokens{cap}));
    const bool hit_dearer = bound.price.cache_hit > bound.price.cache_miss;
    const pricing::token_usage dearest{.cached = tokens{hit_dearer ? bound.prompt.value : 0},
                                       .prompt = tokens{hit_dearer ? 0 : bound.prompt.value},
                                       .output = most.output,
                                       .reasoning = {}};
    REQUIRE(pricing::cost_of(dearest, bound.price) == bound.cost(tokens{cap}));
  }
}

TEST_CASE("money_bound: the cap within a grant is the largest that the grant covers") {
  std::mt19937_64 random{seed + 1};
  CAPTURE(seed + 1);
  for (int round = 0; round < 20'000; ++round) {
    const money_bound bound = random_bound(random);
    const tokens most{spread(random, 393'216)};
    const nano_usd whole = bound.cost(most);
    REQUIRE(bound.cap_within(whole, most) == most);
    const nano_usd granted{between(random, 0, whole.value)};
    const tokens cap = bound.cap_within(granted, most);
    REQUIRE(cap >= tokens{0});
    REQUIRE(cap <= most);
    if (cap > tokens{0} || bound.cost(tokens{0}) <= granted)
      REQUIRE(bound.cost(cap) <= granted);
    if (cap < most)
      REQUIRE(bound.cost(cap + tokens{1}) > granted);
  }
}

TEST_CASE("money_bound: no figure overflows; what passes all bounds is the largest cost") {
  constexpr std::int64_t huge = std::numeric_limits<std::int64_t>::max();
  const money_bound all{.prompt = tokens{huge},
                        .price = {pico_usd{huge}, pico_usd{huge}, pico_usd{huge}},
                        .multiplicity = huge};
  CHECK(all.cost(tokens{huge}) == pricing::cost_max);
  CHECK(all.cap_within(nano_usd{huge}, tokens{huge}) == tokens{0});
  const money_bound free{.prompt = tokens{huge}, .price = {}, .multiplicity = huge};
  CHECK(free.cost(tokens{huge}) == nano_usd{0});
  CHECK(free.cap_within(nano_usd{0}, tokens{7}) == tokens{7});
  const money_bound negative{.prompt = tokens{-1},
                             .price = {pico_usd{-5}, pico_usd{-5}, pico_usd{-5}},
                             .multiplicity = -2};
  CHECK(negative.cost(tokens{-3}) == nano_usd{0});
}

namespace {

limits::limit_set random_limits(std::mt19937_64& random) {
  limits::limit_set set;
  if (random() % 2 == 0)
    set.tokens_per_minute = between(random, 1, 1 << between(random, 1, 22));
  if (random() % 4 == 0)
    set.burst_tokens = between(random, 1, 1 << between(random, 1, 22));
  if (random() % 2 == 0)
    set.monthly = nano_usd{spread(random, 3'000'000'000)};
  return set;
}

pricing::price_table table_of(const pricing::token_price& price) {
  pricing::price_data data;
  data.models = {{"m", instant::min(), instant::max(), price, price}};
  return pricing::price_table{data};
}

} // namespace

TEST_CASE("plan: a planned request never fails for being too large, and its grant covers its cap") {
  std::mt19937_64 random{seed + 2};
  CAPTURE(seed + 2);
  const auto route = *policies::access::find_route("POST", "/chat/completions").found;
  const model_bounds bounds;
  int admitted = 0;
  for (int round = 0; round < 5'000; ++round) {
    key_record key = plain_key();
    key_record team = group("team-a");
    key.limits = random_limits(random);
    team.limits = random_limits(random);
    if (random() % 2 == 0)
      key.token_accounting = policies::keys::accounting::strict;
    policies::usage::inspection request;
    request.prompt_bound = tokens{spread(random, 2'000'000)};
    request.multiplicity = between(random, 1, 3);
    request.caps[0] = {.name = "max_tokens", .value = {}, .tokens = 1 + spread(random, 400'000)};
    request.cap_count = 1;
    const money_bound price = random_bound(random);
    const auto table = table_of(price.price);
    pricing::price_memo memo{table};
    const chain members{&key, &team};
    const auto result = plan_request(members, route, policies::usage::body_format::chat, request,
                                     "m", memo, bounds, tokens{spread(random, 100'000)}, noon);
    if (std::holds_alternative<refusal>(result))
      continue;
    const plan& p = std::get<plan>(result);
    const std::int64_t least = std::min(p.output_cap, bounds.output_min_useful).value;
    REQUIRE(p.output_cap.value >= std::min<std::int64_t>(*request.caps[0].tokens, 256));
    REQUIRE(p.ask.money_min <= p.ask.money_want);
    REQUIRE(cap_for(p, p.ask.money_min).value >= least);
    REQUIRE(cap_for(p, p.ask.money_want) == p.output_cap);

    limits::limit_state states[2];
    states[0].month.spent = states[0].day.spent = states[0].total.spent =
        nano_usd{spread(random, 100'000'000)};
    states[0].at_ms = noon.time_since_epoch().count();
    states[0].month.id = limits::month_of(noon);
    const limits::member links[]{{&key.limits, &states[0]}, {&team.limits, &states[1]}};
    const auto reserved = limits::reserve(links, p.ask, noon);
    if (const auto* why = std::get_if<limits::limit_refusal>(&reserved)) {
      REQUIRE(why->kind == limits::limit_kind::monthly_spending_limit);
      continue;
    }
    ++admitted;
    const nano_usd granted = std::get<limits::hold>(reserved).money;
    const tokens cap = cap_for(p, granted);
    REQUIRE(cap.value >= least);
    const money_bound whole{
        .prompt = p.prompt_bound, .price = p.dearest, .multiplicity = p.multiplicity};
    REQUIRE(whole.cost(cap) <= granted);
  }
  CHECK(admitted > 1'000);
}
