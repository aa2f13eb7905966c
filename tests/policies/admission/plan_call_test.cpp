// What requests without tokens ask to hold, and which of the formats a route speaks.
#include "policies/admission/admission.hpp"
#include "tests/policies/admission/keys.hpp"
#include "tests/policies/pricing/prices.hpp"
#include "tests/support/catch.hpp"

using namespace policies::admission;
using namespace tests;
using policies::access::find_route;
namespace usage = policies::usage;

namespace {

const pricing::price_table no_prices;
pricing::price_memo no_memo{no_prices};
constexpr model_bounds bounds;

} // namespace

TEST_CASE("plan_call: a call billed by the piece holds its price, rounded up") {
  const key_record key = plain_key();
  pricing::price_data data = deepseek_prices();
  data.calls.push_back({"asr", instant::min(), instant::max(), pico_usd{1'001}});
  data.calls.push_back({"ocr", instant::min(), instant::max(), pico_usd{0}});
  const pricing::price_table table{data};
  pricing::price_memo memo{table};
  const auto want = [&](std::string_view path) {
    const auto result = plan_call(chain{&key}, *find_route("POST", path).found, memo, bounds, noon);
    const plan& p = std::get<plan>(result);
    CHECK(p.ask.requests == 1);
    CHECK(p.ask.slots == 1);
    CHECK(p.ask.held_tokens == tokens{0});
    CHECK(p.ask.money_min == p.ask.money_want);
    CHECK(p.priced);
    CHECK(cap_for(p, p.ask.money_want) == tokens{0});
    return p.ask.money_want;
  };
  CHECK(want("/tools/search") == nano_usd{750'000});
  CHECK(want("/tools/asr") == nano_usd{2});
  CHECK(want("/tools/ocr") == nano_usd{0});
}

TEST_CASE("plan_call: without a price it is refused where money is limited, unless it is free") {
  key_record key = plain_key();
  const auto try_call = [&](std::string_view method, std::string_view path) {
    return plan_call(chain{&key}, *find_route(method, path).found, no_memo, bounds, noon);
  };
  CHECK_FALSE(std::get<plan>(try_call("POST", "/embeddings")).priced);
  key.limits.monthly = nano_usd{1};
  const auto result = try_call("POST", "/embeddings");
  const refusal& why = std::get<refusal>(result);
  CHECK(why.code == refusal_code::permission_denied);
  CHECK(says(why.message, "the call \"embeddings\" has no price"));
  CHECK(std::get<plan>(try_call("GET", "/models")).ask.money_want == nano_usd{0});
  CHECK(std::get<plan>(try_call("POST", "/anthropic/v1/messages/count_tokens")).priced);
}

TEST_CASE("format_of: the four formats that are inspected, all else is opaque") {
  using enum usage::body_format;
  using policies::access::feature;
  CHECK(format_of(feature::chat) == usage::body_format::chat);
  CHECK(format_of(feature::fim) == fim);
  CHECK(format_of(feature::responses) == responses);
  CHECK(format_of(feature::anthropic) == anthropic);
  for (const feature each : {feature::anthropic_count_tokens, feature::embeddings,
                             feature::tool_search, feature::models, feature::file_upload})
    CHECK(format_of(each) == opaque);
}
