// How much of a key's limits is used: integers only, a fixed layout, the same fields as the packed
// string of the Redis store.
#pragma once

#include <cstdint>

#include "policies/types.hpp"

namespace policies::limits {

// A token bucket in two parts. `level` is what was truly used, in units of 1/60000, and drains by
// limit x elapsed milliseconds; `held` is promised to requests in flight, in whole units, and does
// not drain: an estimate that drained and was then refunded would grant more than the limit.
struct meter {
  std::int64_t level = 0;
  std::int64_t held = 0;
  bool operator==(const meter&) const = default;
};
inline constexpr std::int64_t units_per_whole = 60'000;

// Money of one calendar window: `id` is the month (year x 12 + month - 1) or the day (days since
// 1970) it stands for; for the lifetime total it is 0.
struct money_window {
  std::int64_t id = 0;
  nano_usd spent{};
  nano_usd held{};
  bool operator==(const money_window&) const = default;
};

struct limit_state {
  std::int64_t at_ms = 0; // the latest instant seen, ms since 1970; time never runs backwards here
  meter requests;
  meter tokens;
  std::int64_t tokens_at_risk = 0; // adaptive requests in flight: sum of true bound - held estimate
  std::int64_t slots = 0;          // concurrent requests in flight
  money_window month;
  money_window day;
  money_window total;
  bool operator==(const limit_state&) const = default;
};

} // namespace policies::limits
