// The dearest price over a stretch of time, against known cases and against looking at each minute.
#include <random>

#include "tests/policies/pricing/prices.hpp"
#include "tests/support/catch.hpp"

using namespace tests;

TEST_CASE("pricing: the dearest price looks at every boundary in between") {
  const pricing::price_table table{deepseek_prices()};
  struct row {
    const char* name;
    const char* asked;
    moment from, until;
    std::optional<pricing::token_price> expected;
  };
  const row rows[] = {
      {"peak begins inside",
       "deepseek-flash",
       {2026, 11, 23, 0, 45},
       {2026, 11, 23, 1, 15},
       flash_peak},
      {"peak begins at the very end",
       "deepseek-flash",
       {2026, 11, 23, 0, 30},
       {2026, 11, 23, 1},
       flash_peak},
      {"ends a millisecond before",
       "deepseek-flash",
       {2026, 11, 23, 0, 30},
       {2026, 11, 23, 0, 59, 59},
       flash_off_peak},
      {"begins where peak ends",
       "deepseek-flash",
       {2026, 11, 23, 10},
       {2026, 11, 23, 10, 30},
       flash_off_peak},
      {"a whole peak lies inside, neither end does",
       "deepseek-flash",
       {2026, 11, 23, 5},
       {2026, 11, 23, 11},
       flash_peak},
      {"a weekend has none",
       "deepseek-flash",
       {2026, 11, 28},
       {2026, 11, 29, 23, 59},
       flash_off_peak},
      {"holidays have none", "deepseek-v4-pro", {2026, 10, 1}, {2026, 10, 4, 23}, pro_off_peak},
      {"the working day after them has",
       "deepseek-v4-pro",
       {2026, 10, 1},
       {2026, 10, 5, 1},
       pro_peak},
      {"both rows of a price cut",
       "deepseek-flash",
       {2026, 9, 9, 23, 50},
       {2026, 9, 10, 0, 20},
       flash_first_off_peak},
      {"a row that only the end touches",
       "deepseek-flash",
       {2026, 8, 16, 15, 30},
       {2026, 8, 16, 16},
       flash_first_off_peak},
      {"an alias to two models",
       "deepseek-chat",
       {2026, 11, 22, 12},
       {2026, 11, 22, 12, 30},
       pro_off_peak},
      {"from own rows into the alias",
       "deepseek-chat",
       {2026, 4, 23, 23, 50},
       {2026, 4, 24, 0, 20},
       price(28'000, 435'000, 870'000)},
      {"own rows alone, where alias models have no price",
       "deepseek-chat",
       {2026, 1, 5},
       {2026, 1, 5, 0, 30},
       v32},
      {"night into day", "deepseek-chat", {2025, 6, 1, 0, 10}, {2025, 6, 1, 0, 30}, v3_day},
      {"the night only, past midnight",
       "deepseek-chat",
       {2025, 6, 1, 16, 30},
       {2025, 6, 2, 0, 29},
       v3_night},
      {"a name that nobody knows", "gpt-4o", {2026, 11, 23}, {2026, 11, 24}, std::nullopt},
      {"a gap in the history", "deepseek-chat", {2025, 10, 1}, {2025, 10, 2}, std::nullopt},
  };
  for (const row& r : rows) {
    INFO(r.name);
    CHECK(table.dearest(r.asked, at(r.from), at(r.until)) == r.expected);
    CHECK(table.dearest(r.asked, at(r.until), at(r.from)) == r.expected);
  }
}

TEST_CASE("pricing: an alias with one unpriced model has no price") {
  auto data = deepseek_prices();
  data.aliases.push_back({"mixed", {"deepseek-flash", "deepseek-v5"}});
  const pricing::price_table table{data};
  CHECK_FALSE(table.dearest("mixed", at({2026, 11, 23}), at({2026, 11, 24})));
}

TEST_CASE("pricing: a stretch without end meets every price") {
  const pricing::price_table table{deepseek_prices()};
  CHECK(table.dearest("deepseek-flash", at({2026, 11, 23}), instant::max()) == flash_peak);
  CHECK(table.dearest("deepseek-flash", instant::min(), instant::max()) == flash_first_peak);
  CHECK(table.dearest("deepseek-flash", instant::max(), instant::max()));
  CHECK_FALSE(table.dearest("deepseek-flash", instant::min(), instant::min()));
}

TEST_CASE("pricing: a call costs its dearest row, an explicit zero is a price") {
  auto data = deepseek_prices();
  data.calls.push_back({"tts", at({2026, 1, 1}), at({2026, 6, 1}), pico_usd{5}});
  data.calls.push_back({"tts", at({2026, 6, 1}), instant::max(), pico_usd{3}});
  const pricing::price_table table{data};
  const auto tts = [&](moment from, moment until) {
    return table.call_price("tts", at(from), at(until));
  };
  CHECK(table.call_price("search", at({2026, 1, 1}), at({2026, 1, 1})) == pico_usd{750'000'000});
  CHECK(table.call_price("ocr", at({2026, 1, 1}), at({2026, 1, 1})) == pico_usd{0});
  CHECK_FALSE(table.call_price("asr", at({2026, 1, 1}), at({2026, 1, 1})));
  CHECK_FALSE(tts({2025, 1, 1}, {2025, 12, 31}));
  CHECK(tts({2026, 5, 1}, {2026, 5, 31, 23, 59}) == pico_usd{5});
  CHECK(tts({2026, 5, 1}, {2026, 6, 1}) == pico_usd{5});
  CHECK(tts({2026, 6, 1}, {2026, 6, 2}) == pico_usd{3});
}

namespace {

// Rows cut at random minutes, with prices where off-peak may be the dearer part too.
pricing::price_data random_prices(std::mt19937_64& random) {
  const auto pick = [&](std::int64_t n) {
    return std::uniform_int_distribution<std::int64_t>{0, n - 1}(random);
  };
  pricing::price_data data;
  const instant start = at({2026, 11, 16});
  for (const char* model : {"a", "b"}) {
    instant from = start + std::chrono::minutes{pick(3000)};
    for (int i = 0; i < 4; ++i) {
      const instant until = from + std::chrono::minutes{1 + pick(6000)};
      data.models.push_back(
          {model, from, until, price(pick(9), pick(9), pick(9)), price(pick(9), pick(9), pick(9))});
      if (pick(4) == 0)
        data.models.back().peak_hours = {
            {static_cast<int>(pick(700)), static_cast<int>(700 + pick(741))}};
      from = until + std::chrono::minutes{pick(3) == 0 ? pick(2000) : 0};
    }
  }
  data.aliases = {{"b", {"a"}}};
  data.peak.hours = {{static_cast<int>(pick(600)), static_cast<int>(600 + pick(300))},
                     {static_cast<int>(1000 + pick(100)), 1440}};
  data.peak.since = start + std::chrono::minutes{pick(4000)};
  data.peak.holidays = {day(2026, 11, static_cast<int>(16 + pick(14)))};
  data.peak.holidays_known_until = day(2026, 11, static_cast<int>(16 + pick(14)));
  data.peak.working_weekends = {day(2026, 11, static_cast<int>(21 + pick(2)))};
  return data;
}

} // namespace

TEST_CASE("pricing: the dearest price is the dearest of all minutes, for random tables") {
  const std::uint64_t seed = 20261123;
  INFO("seed " << seed);
  std::mt19937_64 random{seed};
  for (int round = 0; round < 300; ++round) {
    const pricing::price_table table{random_prices(random)};
    const instant from = at({2026, 11, 16}) + std::chrono::minutes{random() % 20'000};
    const instant until = from + std::chrono::minutes{random() % (round % 3 == 0 ? 4000 : 60)};
    for (const char* asked : {"a", "b"}) {
      std::optional<pricing::token_price> expected;
      for (instant t = from; t <= until; t += 1min) {
        const auto one = table.at(asked, t);
        if (one && !expected)
          expected = one;
        if (one)
          expected = {std::max(expected->cache_hit, one->cache_hit),
                      std::max(expected->cache_miss, one->cache_miss),
                      std::max(expected->output, one->output)};
      }
      const auto found = table.dearest(asked, from, until);
      INFO("round " << round << ", model " << asked);
      if (asked[0] == 'a') {
        CHECK(found == expected);
      } else if (found) {
        // Beside its own rows `b` may be served by `a` at any time: never cheaper than what occurs.
        REQUIRE(expected);
        CHECK(found->cache_hit >= expected->cache_hit);
        CHECK(found->cache_miss >= expected->cache_miss);
        CHECK(found->output >= expected->output);
      }
    }
  }
}
