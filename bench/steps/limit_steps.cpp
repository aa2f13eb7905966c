// What is decided about a request: its plan, its hold on chains of one, two and four keys, its
// settling, its price.
#include <benchmark/benchmark.h>

#include <array>

#include "bench/steps/messages.hpp"
#include "policies/admission/admission.hpp"
#include "policies/limits/reserve.hpp"
#include "policies/pricing/price_memo.hpp"
#include "policies/usage/inspect.hpp"
#include "proxy/config/settings.hpp"

namespace {

using namespace policies;

constexpr instant noon =
    std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + std::chrono::hours{12};

limits::limit_set all_limits() {
  limits::limit_set set;
  set.requests_per_minute = 1'000'000'000;
  set.tokens_per_minute = 1'000'000'000;
  set.concurrent_requests = 100'000;
  set.monthly = nano_usd{900'000'000'000'000};
  set.daily = nano_usd{900'000'000'000'000};
  return set;
}

pricing::price_data two_prices() {
  const auto price = [](std::int64_t base) {
    return pricing::token_price{pico_usd{base}, pico_usd{base * 10}, pico_usd{base * 30}};
  };
  pricing::price_data data;
  data.models = {{"deepseek-flash", instant{}, instant::max(), price(20'000), price(40'000)},
                 {"deepseek-v4-pro", instant{}, instant::max(), price(50'000), price(90'000)}};
  data.peak.hours = {{60, 240}, {360, 600}};
  return data;
}

void plan_request(benchmark::State& state) {
  const pricing::price_table table{two_prices()};
  pricing::price_memo memo{table};
  keys::key_record key = keys::defaults_of(keys::key_type::production);
  key.limits = all_limits();
  // A key and its parents.
  const std::array<const keys::key_record*, 4> records{&key, &key, &key, &key};
  const std::span chain{records.data(), static_cast<std::size_t>(state.range(0))};
  const std::string body = steps::chat_body();
  const auto inspected = usage::inspect(usage::body_format::chat, body, {});
  const auto& request = std::get<usage::inspection>(inspected);
  const access::route route = *access::find_route("POST", "/v1/chat/completions").found;
  for (auto _ : state)
    benchmark::DoNotOptimize(admission::plan_request(chain, route, usage::body_format::chat,
                                                     request, "deepseek-flash", memo, {},
                                                     tokens{400}, noon));
}
BENCHMARK(plan_request)->Arg(1)->Arg(2)->Arg(4);

void hold_and_settle(benchmark::State& state) {
  const limits::limit_set set = all_limits();
  std::array<limits::limit_state, 4> states{};
  std::array<limits::member, 4> members{};
  const auto length = static_cast<std::size_t>(state.range(0));
  for (std::size_t i = 0; i < length; ++i)
    members[i] = {&set, &states[i]};
  const std::span<const limits::member> chain{members.data(), length};
  const limits::ask ask{.held_tokens = tokens{400},
                        .risk_tokens = tokens{900},
                        .money_want = nano_usd{300'000},
                        .money_min = nano_usd{1000}};
  instant now = noon;
  for (auto _ : state) {
    const auto held = limits::reserve(chain, ask, now);
    if (!std::holds_alternative<limits::hold>(held))
      return state.SkipWithError("refused");
    now += milliseconds{1};
    limits::settle(chain, std::get<limits::hold>(held), {tokens{26}, nano_usd{5000}}, now);
  }
}
BENCHMARK(hold_and_settle)->Arg(1)->Arg(2)->Arg(4);

void dearest_price(benchmark::State& state) {
  const pricing::price_table table{two_prices()};
  pricing::price_memo memo{table};
  const bool remembered = state.range(0) != 0;
  for (auto _ : state) {
    const instant until = noon + std::chrono::minutes{30};
    benchmark::DoNotOptimize(remembered ? memo.dearest("deepseek-flash", noon, until)
                                        : table.dearest("deepseek-flash", noon, until));
  }
}
BENCHMARK(dearest_price)->ArgName("remembered")->Arg(0)->Arg(1);

} // namespace
