// The integer arithmetic of one token bucket. Level is in 1/60000 units, so that a limit a minute
// is drained by exactly `limit` a millisecond. Knows nothing of chains, holds or money.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "policies/limits/limit_set.hpp"
#include "policies/limits/limit_state.hpp"

namespace policies::limits {

// A long sleep or a clock that jumped drains an hour's worth at the most.
inline constexpr std::int64_t elapsed_max_ms = 3'600'000;
// A level stops growing here: exact as a Lua number (2^53), more than any debt that can be owed.
inline constexpr std::int64_t level_max = 8'000'000'000'000'000;
// The most a hold or a charge may amount to, in requests, slots or tokens.
inline constexpr std::int64_t count_max = 100'000'000'000;
static_assert(count_max * units_per_whole <= level_max);
static_assert(per_minute_max * elapsed_max_ms <= level_max && burst_max <= count_max);

inline std::int64_t bounded(std::int64_t value, std::int64_t max) {
  return std::clamp<std::int64_t>(value, 0, max);
}

// A meter's limit in force. Rate 0 allows nothing, whatever the burst.
struct rate_limit {
  std::int64_t rate = 0;     // wholes a minute = units a millisecond
  std::int64_t capacity = 0; // wholes
};

inline std::optional<rate_limit> rate_limit_of(std::optional<std::int64_t> per_minute,
                                               std::optional<std::int64_t> burst) {
  if (!per_minute)
    return std::nullopt;
  const std::int64_t rate = bounded(*per_minute, per_minute_max);
  return rate_limit{.rate = rate,
                    .capacity = rate == 0 ? 0 : bounded(burst.value_or(rate), burst_max)};
}

inline std::optional<rate_limit> requests_of(const limit_set& limits) {
  return rate_limit_of(limits.requests_per_minute, limits.burst_requests);
}

inline std::optional<rate_limit> tokens_of(const limit_set& limits) {
  return rate_limit_of(limits.tokens_per_minute, limits.burst_tokens);
}

// What was used, in wholes, rounded against the user.
inline std::int64_t level_in_wholes(const meter& m) {
  return (m.level + units_per_whole - 1) / units_per_whole;
}

// An unlimited meter keeps no level: a limit set later starts with a full bucket.
inline void drain(meter& m, const std::optional<rate_limit>& limit, std::int64_t elapsed_ms) {
  m.level = limit ? std::max<std::int64_t>(0, m.level - limit->rate * elapsed_ms) : 0;
}

inline void charge(meter& m, const std::optional<rate_limit>& limit, std::int64_t wholes) {
  if (limit)
    m.level = std::min(level_max, m.level + bounded(wholes, count_max) * units_per_whole);
}

inline bool fits(const meter& m, const rate_limit& limit, std::int64_t asked) {
  return limit.rate > 0 && level_in_wholes(m) + m.held + asked <= limit.capacity;
}

// Milliseconds until `asked` fits if nothing but time happens, an hour at the most; nullopt: holds
// leave no room, so that time alone does not help.
inline std::optional<std::int64_t> wait_ms(const meter& m, const rate_limit& limit,
                                           std::int64_t asked) {
  const std::int64_t room = limit.capacity - m.held - asked;
  if (limit.rate == 0 || room < 0)
    return std::nullopt;
  const std::int64_t excess = std::max<std::int64_t>(0, m.level - room * units_per_whole);
  return std::min((excess + limit.rate - 1) / limit.rate, elapsed_max_ms);
}

inline bool deeper_than_an_hour(const meter& m, const std::optional<rate_limit>& limit) {
  return limit && m.level > limit->rate * elapsed_max_ms;
}

} // namespace policies::limits
