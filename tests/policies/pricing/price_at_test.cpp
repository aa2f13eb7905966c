// What one token costs at one instant, and what an answer costs in all.
#include <limits>

#include "tests/policies/pricing/prices.hpp"
#include "tests/support/catch.hpp"

using namespace tests;
using policies::nano_usd;
using policies::tokens;

TEST_CASE("pricing: peak is Monday to Friday in its hours, holidays excluded") {
  const pricing::price_table table{deepseek_prices()};
  struct row {
    moment when;
    bool peak;
  };
  const row rows[] = {
      {{2026, 11, 23, 0, 59, 59}, false}, // a Monday
      {{2026, 11, 23, 1, 0, 0}, true},    {{2026, 11, 23, 3, 59, 59}, true},
      {{2026, 11, 23, 4, 0, 0}, false},   {{2026, 11, 23, 5, 59, 59}, false},
      {{2026, 11, 23, 6, 0, 0}, true},    {{2026, 11, 23, 9, 59, 59}, true},
      {{2026, 11, 23, 10, 0, 0}, false},  {{2026, 11, 27, 7}, true},  // Friday
      {{2026, 11, 28, 7}, false},         {{2026, 11, 29, 7}, false}, // the weekend
      {{2026, 10, 1, 7}, false},          {{2026, 10, 2, 7}, false},  // holidays
      {{2026, 9, 30, 7}, true},           {{2026, 9, 25, 7}, false},
      {{2026, 8, 14, 7}, false},          {{2026, 8, 17, 7}, true}, // before and after the start
  };
  for (const row& r : rows) {
    INFO(r.when.year << '-' << r.when.month << '-' << r.when.day << ' ' << r.when.hour);
    CHECK(table.is_peak(at(r.when)) == r.peak);
    CHECK(table.at("deepseek-v4-pro", at(r.when)) == (r.peak ? pro_peak
                                                      : at(r.when) < at({2026, 8, 16, 16})
                                                          ? pro_v4
                                                          : pro_off_peak));
  }
}

TEST_CASE("pricing: from the day on where holidays are unknown every weekday is peak") {
  auto data = deepseek_prices();
  data.peak.holidays.push_back(day(2027, 1, 1)); // a Friday
  data.peak.holidays_known_until = day(2027, 1, 2);
  CHECK_FALSE(pricing::price_table{data}.is_peak(at({2027, 1, 1, 7})));
  data.peak.holidays_known_until = day(2027, 1, 1);
  CHECK(pricing::price_table{data}.is_peak(at({2027, 1, 1, 7})));
  CHECK_FALSE(pricing::price_table{data}.is_peak(at({2027, 1, 2, 7})));
}

TEST_CASE("pricing: a working weekend has peak hours") {
  auto data = deepseek_prices();
  data.peak.working_weekends = {day(2026, 10, 10)};
  const pricing::price_table table{data};
  CHECK(table.is_peak(at({2026, 10, 10, 7})));
  CHECK_FALSE(table.is_peak(at({2026, 10, 10, 5})));
  CHECK_FALSE(table.is_peak(at({2026, 10, 11, 7})));
}

TEST_CASE("pricing: each instant has the price of its row") {
  const pricing::price_table table{deepseek_prices()};
  struct row {
    const char* model;
    moment when;
    std::optional<pricing::token_price> expected;
  };
  const row rows[] = {
      {"deepseek-flash", {2026, 11, 22, 12}, flash_off_peak},
      {"deepseek-flash", {2026, 11, 23, 7}, flash_peak},
      {"deepseek-flash", {2026, 9, 9, 23, 59, 59}, flash_first_off_peak},
      {"deepseek-flash", {2026, 9, 10}, flash_off_peak},
      {"deepseek-flash", {2026, 9, 9, 7}, flash_first_peak},
      {"deepseek-flash", {2026, 8, 16, 15, 59, 59}, flash_v4},
      {"deepseek-flash", {2026, 8, 16, 16}, flash_first_off_peak},
      {"deepseek-flash", {2026, 4, 23, 23, 59, 59}, std::nullopt},
      {"deepseek-v4-pro", {2026, 5, 4, 7}, pro_v4},
      {"deepseek-chat", {2026, 1, 5, 7}, v32},
      {"deepseek-chat", {2025, 6, 1, 0, 29, 59}, v3_night},
      {"deepseek-chat", {2025, 6, 1, 0, 30}, v3_day}, // a Sunday: discounts knew no weekends
      {"deepseek-chat", {2025, 6, 1, 16, 30}, v3_night},
      {"deepseek-chat", {2025, 9, 10}, std::nullopt},
      {"deepseek-chat", {2026, 11, 23, 7}, pro_peak}, // an alias by now: the dearest it may be
      {"deepseek-v4-flash", {2026, 11, 23, 7}, flash_peak},
      {"claude-sonnet-4", {2026, 11, 22, 12}, flash_off_peak},
      {"claude-opus-4-5", {2026, 11, 22, 12}, pro_off_peak},
      {"claude", {2026, 11, 22, 12}, flash_off_peak},
      {"claud", {2026, 11, 22, 12}, std::nullopt},
      {"deepseek-flash-2", {2026, 11, 22, 12}, std::nullopt},
      {"", {2026, 11, 22, 12}, std::nullopt},
  };
  for (const row& r : rows) {
    INFO(r.model << " at " << r.when.year << '-' << r.when.month << '-' << r.when.day);
    CHECK(table.at(r.model, at(r.when)) == r.expected);
  }
}

TEST_CASE("pricing: an exact alias wins over a longer-looking prefix, whatever their order") {
  auto data = deepseek_prices();
  data.aliases = {{"claude-op*", {"deepseek-flash"}},
                  {"claude*", {"deepseek-flash"}},
                  {"claude-opus*", {"deepseek-v4-pro"}},
                  {"claude-opus", {"deepseek-flash"}},
                  {"*", {"deepseek-v4-pro"}}};
  const pricing::price_table table{data};
  const instant now = at({2026, 11, 22, 12});
  CHECK(table.at("claude-opus", now) == flash_off_peak);
  CHECK(table.at("claude-opus-4", now) == pro_off_peak);
  CHECK(table.at("claude-op", now) == flash_off_peak);
  CHECK(table.at("gpt-4o", now) == pro_off_peak);
}

TEST_CASE("pricing: an empty table prices nothing") {
  const pricing::price_table table;
  CHECK(table.empty());
  CHECK_FALSE(table.at("deepseek-flash", at({2026, 11, 23})));
  CHECK_FALSE(table.is_peak(at({2026, 11, 23, 7})));
  CHECK_FALSE(table.call_price("search", at({2026, 11, 23}), at({2026, 11, 23})));
}

TEST_CASE("pricing: a cost is rounded up to a nano-dollar, once") {
  struct row {
    pricing::token_usage usage;
    pricing::token_price price;
    std::int64_t nano;
  };
  const auto used = [](std::int64_t cached, std::int64_t prompt, std::int64_t output) {
    return pricing::token_usage{tokens{cached}, tokens{prompt}, tokens{output}, tokens{0}};
  };
  const row rows[] = {
      {used(0, 0, 0), flash_peak, 0},
      {used(0, 20, 32), flash_off_peak, 22'200},
      {used(1'000'000, 1'000'000, 1'000'000), pro_peak, 5'324'000'000},
      {used(1, 0, 0), pro_v4, 4}, // 3625 pico-dollars
      {used(8, 0, 0), pro_v4, 29},
      {used(1, 1, 1), price(1, 1, 1), 1},
      {used(1000, 0, 0), price(1, 1, 1), 1},
      {used(1000, 1, 0), price(1, 1, 1), 2},
      {used(-5, 3, -1), price(1000, 1000, 1000), 3},
  };
  for (const row& r : rows) {
    INFO(r.nano);
    CHECK(pricing::cost_of(r.usage, r.price) == nano_usd{r.nano});
  }
}

TEST_CASE("pricing: absurd counts cost the most there is, and never wrap around") {
  const auto most = std::numeric_limits<std::int64_t>::max();
  const pricing::token_usage usage{tokens{most}, tokens{most}, tokens{most}, tokens{0}};
  CHECK(pricing::cost_of(usage, pro_peak) == pricing::cost_max);
  CHECK(pricing::cost_of(usage, price(1, 1, 1)) == pricing::cost_max);
  CHECK(pricing::cost_of(usage, price(most, most, most)) == pricing::cost_max);
}
