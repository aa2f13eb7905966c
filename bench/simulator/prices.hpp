// The simulator's own price list, by date and hour, in pico-dollars a token. Written from the
// published prices alone: it must not know how the proxy prices anything.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simulator {

using instant = std::chrono::sys_time<std::chrono::milliseconds>;
using holiday_list = std::vector<std::chrono::sys_days>; // sorted

enum class price_list : std::uint8_t { table, flat };
enum class family : std::uint8_t { flash, pro };

// Pico-dollars (1e-12 USD) a token.
struct rates {
  std::int64_t hit = 0;
  std::int64_t miss = 0;
  std::int64_t output = 0;
};

// $0.75 per 1000 successful search or fetch calls.
inline constexpr std::int64_t tool_call_pico = 750'000'000;

// Chinese public holidays of 2026, as announced by the State Council.
holiday_list known_holidays();

// Monday to Friday, [01:00, 04:00) and [06:00, 10:00) UTC, holidays excluded.
bool is_peak(instant when, const holiday_list& holidays);

rates rates_at(price_list list, family model, instant when, const holiday_list& holidays);

// "2026-11-16T01:00:00Z", with optional fraction and offset; nullopt if it is anything else.
std::optional<instant> parse_instant(std::string_view text);
std::optional<std::chrono::sys_days> parse_date(std::string_view text);
std::string to_string(instant when);

} // namespace simulator
