// What a key may use. Which limit applies is said here; how much of it is used is limit_state's.
#pragma once

#include <cstdint>
#include <optional>

#include "policies/types.hpp"

namespace policies::limits {

// Absent = unlimited, 0 = nothing allowed.
struct limit_set {
  std::optional<std::int64_t> requests_per_minute{};
  std::optional<std::int64_t> burst_requests{}; // bucket capacity; absent: one minute's worth
  std::optional<std::int64_t> tokens_per_minute{};
  std::optional<std::int64_t> burst_tokens{}; // bucket capacity; absent: one minute's worth
  std::optional<nano_usd> monthly{};          // calendar month, UTC
  std::optional<nano_usd> daily{};            // calendar day, UTC
  std::optional<nano_usd> total{};            // the key's lifetime
  std::optional<std::int64_t> concurrent_requests{};

  bool limits_money() const { return monthly || daily || total; }
  bool operator==(const limit_set&) const = default;
};

// Bounds of every limit, so that packed arithmetic (level x 60000, limit x 1 h in ms) stays below
// 2^53, where Lua's numbers are exact.
inline constexpr std::int64_t per_minute_max = 1'000'000'000;
inline constexpr std::int64_t burst_max = 10'000'000'000;
inline constexpr nano_usd money_max{1'000'000'000'000'000}; // a million dollars
inline constexpr std::int64_t concurrent_max = 1'000'000;

// The most that adaptive requests in flight may come to owe together, in minutes of the token
// limit.
inline constexpr std::int64_t debt_minutes_max = 10;

} // namespace policies::limits
