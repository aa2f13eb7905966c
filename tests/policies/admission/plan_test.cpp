// What generating requests ask to hold, figure by figure.
#include "policies/admission/admission.hpp"
#include "tests/policies/admission/keys.hpp"
#include "tests/policies/pricing/prices.hpp"
#include "tests/support/catch.hpp"

using namespace policies::admission;
using namespace tests;
using policies::access::find_route;
using policies::access::route;
using policies::keys::accounting;
namespace usage = policies::usage;

namespace {

const route chat = *find_route("POST", "/chat/completions").found;
const pricing::price_table prices{deepseek_prices()};
const pricing::price_table no_prices;
constexpr model_bounds bounds;

struct asked {
  std::int64_t prompt = 1'000;
  std::optional<std::int64_t> cap = 1'000;
  std::int64_t multiplicity = 1;
  bool unbounded = false;
  bool images = false;
};

usage::inspection inspection_of(const asked& what) {
  usage::inspection request;
  request.prompt_bound = tokens{what.prompt};
  request.multiplicity = what.multiplicity;
  request.unbounded_prompt = what.unbounded;
  request.has_images = what.images;
  if (what.cap) {
    request.caps[0] = {.name = "max_tokens", .value = {}, .tokens = what.cap};
    request.cap_count = 1;
  }
  return request;
}

struct circumstances {
  std::string_view model = "deepseek-flash";
  std::int64_t expected = 400;
  instant now = noon;
  const pricing::price_table& table = prices;
};

std::variant<plan, refusal> try_plan(const chain& members, const asked& what,
                                     const circumstances& in) {
  pricing::price_memo memo{in.table};
  return plan_request(members, chat, usage::body_format::chat, inspection_of(what), in.model, memo,
                      bounds, tokens{in.expected}, in.now);
}

plan planned(const chain& members, const asked& what = {}, const circumstances& in = {}) {
  auto result = try_plan(members, what, in);
  if (const auto* why = std::get_if<refusal>(&result))
    FAIL(why->message);
  return std::get<plan>(result);
}

refusal refused(const chain& members, const asked& what = {}, const circumstances& in = {}) {
  auto result = try_plan(members, what, in);
  REQUIRE(std::holds_alternative<refusal>(result));
  refusal why = std::get<refusal>(result);
  CHECK(why.message.ends_with(" (refused by deepseek-proxy)"));
  return why;
}

key_record strict_key(std::int64_t tokens_per_minute) {
  key_record key = plain_key();
  key.token_accounting = accounting::strict;
  key.limits.tokens_per_minute = tokens_per_minute;
  return key;
}

} // namespace

TEST_CASE("plan: an unlimited key holds what it may cost, for the ledger's sake") {
  const key_record key = plain_key();
  const plan p = planned({&key});
  CHECK(p.ask.requests == 1);
  CHECK(p.ask.slots == 1);
  CHECK_FALSE(p.ask.provisional);
  CHECK(p.prompt_bound == tokens{1'000});
  CHECK(p.output_cap == tokens{1'000});
  CHECK(p.ask.held_tokens == tokens{400});
  CHECK(p.ask.risk_tokens == tokens{1'600});
  CHECK(p.priced);
  CHECK(p.dearest == flash_off_peak);
  CHECK(p.ask.money_want == nano_usd{150'000 + 600'000});
  CHECK(p.ask.money_min == nano_usd{150'000 + 153'600});
}

TEST_CASE("plan: without a cap the documented default is what may come") {
  const key_record key = plain_key();
  CHECK(planned({&key}, {.cap = std::nullopt}).output_cap == tokens{65'536});
  CHECK(planned({&key}, {.cap = 1'000'000'000}).output_cap == bounds.output_max);
}

TEST_CASE("plan: the model must be in every list of the chain") {
  key_record key = plain_key();
  key_record team = group("team-a");
  team.models = {"deepseek-*"};
  CHECK(planned({&key, &team}).output_cap == tokens{1'000});
  key.models = {"deepseek-v4-pro"};
  refusal why = refused({&key, &team});
  CHECK(why.code == refusal_code::model_not_allowed);
  CHECK(why.param == "model");
  CHECK(says(why.message, "\"deepseek-flash\" is not among the models of this key"));
  key.models = {"claude-*"};
  why = refused({&key, &team}, {}, {.model = "claude-opus-4"});
  CHECK(says(why.message, "group \"team-a\""));
  CHECK(refused({&key}, {}, {.model = std::string(5'000, 'x')}).message.size() < 300);
}

TEST_CASE("plan: image parts need the permission images on every member") {
  key_record key = plain_key();
  key_record team = group("team-a");
  CHECK(planned({&key, &team}, {.images = true}).priced);
  team.permissions = {};
  CHECK(planned({&key, &team}, {.images = false}).priced);
  const refusal why = refused({&key, &team}, {.images = true});
  CHECK(why.code == refusal_code::permission_denied);
  CHECK(says(why.message, "\"images\""));
  CHECK(says(why.message, "group \"team-a\""));
}

TEST_CASE("plan: a prompt is bounded by the context, and is all of it where it cannot be bounded") {
  const key_record key = plain_key();
  CHECK(planned({&key}, {.prompt = 40'000'000}).prompt_bound == bounds.context);
  CHECK(planned({&key}, {.prompt = 10, .unbounded = true}).prompt_bound == bounds.context);
}

TEST_CASE("plan: several answers multiply the output, not the prompt") {
  const key_record key = strict_key(100'000);
  const plan p = planned({&key}, {.multiplicity = 3});
  CHECK(p.output_cap == tokens{1'000});
  CHECK(p.ask.held_tokens == tokens{1'000 + 3 * 1'000});
  CHECK(p.ask.money_want == nano_usd{150'000 + 3 * 600'000});
  CHECK(p.ask.money_min == nano_usd{150'000 + 3 * 153'600});
}

TEST_CASE("plan: strict accounting holds the true bound, whatever is expected") {
  const key_record key = strict_key(2'000);
  const plan p = planned({&key}, {}, {.expected = 1});
  CHECK(p.ask.held_tokens == tokens{2'000});
  CHECK(p.ask.risk_tokens == tokens{0});
  CHECK(p.output_cap == tokens{1'000});
}

TEST_CASE("plan: one strict member makes the whole chain strict") {
  key_record key = plain_key();
  key_record team = group("team-a");
  team.token_accounting = accounting::strict;
  CHECK(planned({&key, &team}, {}, {.expected = 1}).ask.held_tokens == tokens{2'000});
}

TEST_CASE("plan: a strict cap is lowered to fit the smallest capacity of the chain") {
  const key_record key = strict_key(1'999);
  CHECK(planned({&key}).output_cap == tokens{999});
  CHECK(planned({&key}, {.multiplicity = 3}).output_cap == tokens{333});
  const key_record small = strict_key(1'256);
  CHECK(planned({&key, &small}).output_cap == tokens{256});
  CHECK(planned({&small, &key}).output_cap == tokens{256});
  CHECK(planned({&small, &key}).ask.held_tokens == tokens{1'256});
  key_record burst = strict_key(10);
  burst.limits.burst_tokens = 1'700;
  CHECK(planned({&burst}).output_cap == tokens{700});
}

TEST_CASE("plan: a request that cannot fit even with a short answer is told the figures") {
  const key_record key = strict_key(1'255);
  const refusal why = refused({&key});
  CHECK(why.code == refusal_code::invalid_request);
  CHECK(says(why.message, "up to 1,000 tokens; with 256 for the answer that is more than the 1,255 "
                          "that tokens_per_minute of this key"));
  CHECK(planned({&key}, {.cap = 255}).ask.held_tokens == tokens{1'255});
  CHECK(
      says(refused({&key}, {.unbounded = true}).message, "count for the whole context, 1,048,576"));
  const key_record app = plain_key();
  key_record team = group("team-a");
  team.token_accounting = accounting::strict;
  team.limits.tokens_per_minute = 100;
  CHECK(says(refused({&app, &team}).message, "group \"team-a\""));
}

TEST_CASE("plan: adaptive accounting holds what is expected, up to the bound and the capacity") {
  key_record key = plain_key();
  key.limits.tokens_per_minute = 1'500;
  plan p = planned({&key}, {}, {.expected = 600});
  CHECK(p.ask.held_tokens == tokens{600});
  CHECK(p.ask.risk_tokens == tokens{1'400});
  p = planned({&key}, {}, {.expected = 1'800});
  CHECK(p.ask.held_tokens == tokens{1'500});
  CHECK(p.ask.risk_tokens == tokens{500});
  key.limits.tokens_per_minute = 10'000;
  p = planned({&key}, {}, {.expected = 5'000});
  CHECK(p.ask.held_tokens == tokens{2'000});
  CHECK(p.ask.risk_tokens == tokens{0});
}

TEST_CASE("plan: an adaptive cap is lowered until its debt can be repaid in ten minutes") {
  key_record key = plain_key();
  key.limits.tokens_per_minute = 100;
  const plan p = planned({&key}, {.prompt = 500, .cap = 5'000}, {.expected = 80});
  CHECK(p.ask.held_tokens == tokens{80});
  CHECK(p.ask.risk_tokens == tokens{1'000});
  CHECK(p.output_cap == tokens{580});
  const refusal why = refused({&key}, {.prompt = 900, .cap = 5'000}, {.expected = 80});
  CHECK(why.code == refusal_code::invalid_request);
  CHECK(says(why.message, "more than the 1,080 that tokens_per_minute of this key"));
}

TEST_CASE("plan: a limit of no tokens at all is reserve()'s to refuse") {
  const key_record key = strict_key(0);
  policies::limits::limit_state state;
  const policies::limits::member link{.limits = &key.limits, .state = &state};
  const auto result = policies::limits::reserve({&link, 1}, planned({&key}).ask, noon);
  REQUIRE(std::holds_alternative<policies::limits::limit_refusal>(result));
  CHECK(std::get<policies::limits::limit_refusal>(result).never_fits);
}

TEST_CASE("plan: money is held at the dearest price while the request may run, and a minute more") {
  const key_record key = plain_key();
  const auto dearest_at = [&](moment m) { return planned({&key}, {}, {.now = at(m)}).dearest; };
  // Peak begins at 01:00: a request may live for 30 minutes and be billed a minute later.
  CHECK(dearest_at({2026, 11, 18, 0, 28, 59}) == flash_off_peak);
  CHECK(dearest_at({2026, 11, 18, 0, 29, 0}) == flash_peak);
  CHECK(dearest_at({2026, 11, 18, 2}) == flash_peak);
  // It ends at 04:00; what starts within the minute after may still be billed at peak.
  CHECK(dearest_at({2026, 11, 18, 4, 0, 59}) == flash_peak);
  CHECK(dearest_at({2026, 11, 18, 4, 1, 1}) == flash_off_peak);
}

TEST_CASE("plan: a name that may lead to several models is held at the dearest of them") {
  const key_record key = plain_key();
  CHECK(planned({&key}, {}, {.model = "deepseek-chat"}).dearest == pro_off_peak);
}

TEST_CASE("plan: a model without a price is refused where money is limited, and only there") {
  key_record key = plain_key();
  key_record team = group("team-a");
  const plan p = planned({&key, &team}, {}, {.table = no_prices});
  CHECK_FALSE(p.priced);
  CHECK(p.ask.money_want == nano_usd{0});
  CHECK(p.ask.money_min == nano_usd{0});
  CHECK(cap_for(p, nano_usd{0}) == tokens{1'000});
  for (const auto limit :
       {&policies::limits::limit_set::monthly, &policies::limits::limit_set::daily,
        &policies::limits::limit_set::total}) {
    team.limits = {};
    team.limits.*limit = nano_usd{1'000'000'000};
    const refusal why = refused({&key, &team}, {}, {.table = no_prices});
    CHECK(why.code == refusal_code::model_not_allowed);
    CHECK(says(why.message, "spending limit and the model \"deepseek-flash\" has no price"));
    CHECK(planned({&key, &team}).priced);
  }
}
