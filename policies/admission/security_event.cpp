// Grouping by code and time.
#include "policies/admission/security_event.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

namespace policies::admission {
namespace {

std::optional<event_type> type_of(refusal_code code) {
  switch (code) {
  case refusal_code::invalid_api_key:
  case refusal_code::expired_api_key:
  case refusal_code::inactive_api_key:
  case refusal_code::ip_not_allowed:
  case refusal_code::referrer_not_allowed:
  case refusal_code::certificate_not_allowed:
    return event_type::unauthorized_access;
  case refusal_code::permission_denied:
  case refusal_code::model_not_allowed:
    return event_type::permission_denied;
  case refusal_code::rate_limit_exceeded:
    return event_type::rate_limit_exceeded;
  case refusal_code::insufficient_quota:
    return event_type::quota_exhausted;
  case refusal_code::request_in_progress:
    return std::nullopt;
  default:
    return status_of(code) < 500 ? std::optional{event_type::malformed_request} : std::nullopt;
  }
}

bool is_probing(const security_event& event) {
  return (event.type == event_type::unauthorized_access ||
          event.type == event_type::permission_denied) &&
         event.count >= suspicious_count;
}

} // namespace

std::string_view name_of(event_type type) {
  static constexpr std::array<std::string_view, 6> names{
      "unauthorized_access", "permission_denied", "rate_limit_exceeded",
      "quota_exhausted",     "malformed_request", "suspicious_pattern"};
  return names[static_cast<std::size_t>(type)];
}

std::vector<security_event> events_of(std::span<const sighting> seen) {
  std::vector<sighting> sorted(seen.begin(), seen.end());
  std::sort(sorted.begin(), sorted.end(), [](const sighting& a, const sighting& b) {
    return std::tie(a.code, a.time_ms) < std::tie(b.code, b.time_ms);
  });
  std::vector<security_event> events;
  for (const sighting& each : sorted) {
    const auto type = type_of(each.code);
    if (!type)
      continue;
    const bool again = !events.empty() && events.back().code == each.code &&
                       each.time_ms - events.back().last_ms <= event_gap_ms;
    if (!again)
      events.push_back({*type, each.code, each.time_ms, each.time_ms, 0});
    events.back().last_ms = each.time_ms;
    events.back().count += each.count;
  }
  for (std::size_t i = 0, plain = events.size(); i < plain; ++i)
    if (is_probing(events[i])) {
      security_event pattern = events[i];
      pattern.type = event_type::suspicious_pattern;
      events.push_back(pattern);
    }
  std::stable_sort(
      events.begin(), events.end(),
      [](const security_event& a, const security_event& b) { return a.last_ms > b.last_ms; });
  return events;
}

} // namespace policies::admission
