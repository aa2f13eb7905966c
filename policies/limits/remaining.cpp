// Figures for headers and `keys get`. Reads a state, never changes it.
#include "policies/limits/passage.hpp"
#include "policies/limits/reserve.hpp"

namespace policies::limits {
namespace {

std::int64_t left_of(const meter& m, const rate_limit& limit) {
  return std::max<std::int64_t>(0, limit.capacity - level_in_wholes(m) - m.held);
}

milliseconds reset_of(const meter& m, const rate_limit& limit) {
  return milliseconds{limit.rate == 0 ? 0 : (m.level + limit.rate - 1) / limit.rate};
}

void consider(remaining& figures, const std::optional<nano_usd>& limit,
              const money_window& window) {
  if (!limit)
    return;
  const nano_usd left = std::max(nano_usd{}, *limit - window.spent - window.held);
  if (figures.money_left && *figures.money_left <= left)
    return;
  figures.money_limit = limit;
  figures.money_left = left;
}

} // namespace

remaining remaining_of(const limit_set& limits, const limit_state& state, instant now) {
  limit_state present = state;
  advance(present, limits, present_at(std::max(state.at_ms, now.time_since_epoch().count())));
  remaining figures;
  if (const auto limit = requests_of(limits)) {
    figures.requests = left_of(present.requests, *limit);
    figures.requests_reset = reset_of(present.requests, *limit);
  }
  if (const auto limit = tokens_of(limits)) {
    figures.tokens_left = left_of(present.tokens, *limit);
    figures.tokens_reset = reset_of(present.tokens, *limit);
  }
  consider(figures, limits.monthly, present.month);
  consider(figures, limits.daily, present.day);
  consider(figures, limits.total, present.total);
  return figures;
}

std::optional<std::int64_t> request_capacity(const limit_set& limits) {
  const auto limit = requests_of(limits);
  return limit ? std::optional{limit->capacity} : std::nullopt;
}

std::optional<std::int64_t> token_capacity(const limit_set& limits) {
  const auto limit = tokens_of(limits);
  return limit ? std::optional{limit->capacity} : std::nullopt;
}

} // namespace policies::limits
