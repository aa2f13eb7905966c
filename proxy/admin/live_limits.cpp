// Meters and money windows, brought to the present and written out.
#include "proxy/admin/live_limits.hpp"

#include <algorithm>

#include "policies/limits/passage.hpp"
#include "proxy/admin/json_text.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
namespace limits = policies::limits;
using policies::nano_usd;

std::string bound_of(const std::optional<limits::rate_limit>& limit, std::string_view what) {
  if (!limit)
    return fmt::format("{} are unlimited", what);
  if (limit->rate == 0 || limit->capacity == 0)
    return fmt::format("no {} are admitted", what);
  return fmt::format("any window of w minutes admits at most {} + {} x w {}", limit->capacity,
                     limit->rate, what);
}

json::object meter_view(const std::optional<limits::rate_limit>& limit, const limits::meter& now,
                        std::string_view what) {
  json::object out{
      {"limit", nullptr}, {"burst", nullptr},     {"used", limits::level_in_wholes(now)},
      {"held", now.held}, {"remaining", nullptr}, {"bound", bound_of(limit, what)}};
  if (!limit)
    return out;
  const std::int64_t taken = limits::level_in_wholes(now) + now.held;
  out["limit"] = limit->rate;
  out["burst"] = limit->capacity;
  out["remaining"] = std::max<std::int64_t>(0, limit->capacity - taken);
  out["reset_ms"] = limit->rate == 0 ? 0 : (now.level + limit->rate - 1) / limit->rate;
  return out;
}

json::object money_view(const std::optional<nano_usd>& limit, const limits::money_window& window) {
  json::object out{{"limit", usd_or_null(limit)},
                   {"used", usd(window.spent)},
                   {"held", usd(window.held)},
                   {"remaining", nullptr}};
  if (limit)
    out["remaining"] = usd(std::max(nano_usd{}, *limit - window.spent - window.held));
  return out;
}

} // namespace

limits::limit_state at_present(limits::limit_state state, const limits::limit_set& set,
                               policies::instant now) {
  const std::int64_t at_ms = std::max(state.at_ms, now.time_since_epoch().count());
  limits::advance(state, set, limits::present_at(at_ms));
  return state;
}

json::object live_limits(const limits::limit_set& set, limits::limit_state state,
                         policies::instant now) {
  state = at_present(state, set, now);
  json::object slots{{"limit", nullptr}, {"used", state.slots}, {"remaining", nullptr}};
  if (set.concurrent_requests) {
    slots["limit"] = *set.concurrent_requests;
    slots["remaining"] = std::max<std::int64_t>(0, *set.concurrent_requests - state.slots);
  }
  return {{"requests_per_minute", meter_view(limits::requests_of(set), state.requests, "requests")},
          {"tokens_per_minute", meter_view(limits::tokens_of(set), state.tokens, "tokens")},
          {"monthly_spending_limit", money_view(set.monthly, state.month)},
          {"daily_spending_limit", money_view(set.daily, state.day)},
          {"total_spending_limit", money_view(set.total, state.total)},
          {"concurrent_requests", std::move(slots)}};
}

std::int64_t money_held(const limits::limit_state& state) {
  return std::max({state.month.held, state.day.held, state.total.held}).value;
}

std::string bound_in_words(const limits::limit_set& set) {
  return bound_of(limits::requests_of(set), "requests") + "; " +
         bound_of(limits::tokens_of(set), "tokens");
}

} // namespace proxy::admin
