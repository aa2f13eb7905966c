// What is remembered is what the table says, at every instant around every change.
#include <random>

#include "policies/pricing/price_memo.hpp"
#include "tests/support/catch.hpp"

using namespace policies;
using namespace policies::pricing;
using namespace std::chrono;

namespace {

constexpr instant noon = sys_days{year{2026} / 11 / 23} + hours{12};

token_price price(std::int64_t base) {
  return {pico_usd{base}, pico_usd{base * 2}, pico_usd{base * 4}};
}

price_data prices(milliseconds odd) {
  price_data data;
  data.models = {{"a", instant{}, noon + odd, price(10), price(20)},
                 {"a", noon + odd, instant::max(), price(5), price(10)},
                 {"b", instant{}, instant::max(), price(7), price(14)}};
  data.aliases = {{"both", {"a", "b"}}, {"x*", {"b"}}};
  data.peak.hours = {{60, 240}, {719, 721}};
  return data;
}

void check_against_table(milliseconds odd) {
  const price_table table{prices(odd)};
  price_memo memo{table};
  std::mt19937_64 random{7};
  const auto some = [&](milliseconds most) {
    return milliseconds{
        static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most.count()))};
  };
  for (int i = 0; i < 200'000; ++i) {
    const instant from = noon - minutes{5} + some(minutes{10});
    const instant until = from + some(random() % 2 ? milliseconds{minutes{2}} : milliseconds{2});
    const char* const names[] = {"a", "b", "both", "x-1", "nobody", ""};
    const char* const asked = names[random() % 6];
    const bool same = memo.dearest(asked, from, until) == table.dearest(asked, from, until);
    if (!same)
      INFO("round " << i << ", " << asked << ", " << (from - noon).count() << " ms");
    REQUIRE(same);
  }
}

} // namespace

TEST_CASE("price_memo: what is remembered is what the table says") {
  check_against_table(milliseconds{0});
}

TEST_CASE("price_memo: prices that change within a minute are not remembered over it") {
  check_against_table(milliseconds{30'500});
}
