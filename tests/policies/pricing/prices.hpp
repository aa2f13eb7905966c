// The prices of deepseek-api.md, today's and earlier ones, as the tests of this folder want them.
#pragma once

#include "policies/pricing/price_table.hpp"

namespace tests {

using policies::instant;
using policies::pico_usd;
namespace pricing = policies::pricing;
using namespace std::chrono_literals;

struct moment {
  int year, month, day, hour = 0, minute = 0, second = 0;
};

inline instant at(moment m) {
  const std::chrono::year_month_day date{std::chrono::year{m.year},
                                         std::chrono::month{static_cast<unsigned>(m.month)},
                                         std::chrono::day{static_cast<unsigned>(m.day)}};
  return std::chrono::sys_days{date} + std::chrono::hours{m.hour} + std::chrono::minutes{m.minute} +
         std::chrono::seconds{m.second};
}

inline std::chrono::sys_days day(int year, int month, int number) {
  return std::chrono::floor<std::chrono::days>(at({year, month, number}));
}

inline pricing::token_price price(std::int64_t hit, std::int64_t miss, std::int64_t output) {
  return {pico_usd{hit}, pico_usd{miss}, pico_usd{output}};
}

inline const auto flash_off_peak = price(3'000, 150'000, 600'000);
inline const auto flash_peak = price(6'000, 300'000, 1'200'000);
inline const auto pro_off_peak = price(22'000, 660'000, 1'980'000);
inline const auto pro_peak = price(44'000, 1'320'000, 3'960'000);
inline const auto flash_first_off_peak = price(7'000, 220'000, 660'000);
inline const auto flash_first_peak = price(14'000, 440'000, 1'320'000);
inline const auto flash_v4 = price(2'800, 140'000, 280'000);
inline const auto pro_v4 = price(3'625, 435'000, 870'000);
inline const auto v32 = price(28'000, 280'000, 420'000);
inline const auto v3_night = price(35'000, 135'000, 550'000);
inline const auto v3_day = price(70'000, 270'000, 1'100'000);

inline pricing::price_data deepseek_prices() {
  const instant v4 = at({2026, 4, 24});
  const instant peaks = at({2026, 8, 16, 16});
  const instant today = at({2026, 9, 10});
  const instant open = instant::max();
  pricing::price_data data;
  data.models = {
      {"deepseek-flash", today, open, flash_off_peak, flash_peak},
      {"deepseek-v4-pro", peaks, open, pro_off_peak, pro_peak},
      {"deepseek-flash", peaks, today, flash_first_off_peak, flash_first_peak},
      {"deepseek-flash", v4, peaks, flash_v4, flash_v4},
      {"deepseek-v4-pro", v4, peaks, pro_v4, pro_v4},
      {"deepseek-chat", at({2025, 12, 1}), v4, v32, v32},
      {"deepseek-chat", at({2025, 2, 26}), at({2025, 9, 5, 16}), v3_night, v3_day, {{30, 990}}},
  };
  data.calls = {{"search", instant::min(), open, pico_usd{750'000'000}},
                {"ocr", instant::min(), open, pico_usd{0}}};
  data.aliases = {{"claude*", {"deepseek-flash"}},
                  {"claude-opus*", {"deepseek-v4-pro"}},
                  {"deepseek-chat", {"deepseek-flash", "deepseek-v4-pro"}},
                  {"deepseek-v4-flash", {"deepseek-flash"}}};
  data.peak.hours = {{60, 240}, {360, 600}};
  data.peak.since = peaks;
  data.peak.holidays = {day(2026, 10, 2), day(2026, 10, 1), day(2026, 9, 25)};
  data.peak.holidays_known_until = day(2027, 1, 1);
  return data;
}

} // namespace tests
