// What refusals of a key mean to its owner: the same thing again and again is one event with a
// count.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policies/admission/refusal.hpp"

namespace policies::admission {

enum class event_type : std::uint8_t {
  unauthorized_access, // an ended key, or one used from where it may not be used
  permission_denied,   // a route, model or kind of content the key does not have
  rate_limit_exceeded,
  quota_exhausted,
  malformed_request,
  suspicious_pattern, // many refused attempts at once: somebody tries what the key is good for
};
std::string_view name_of(event_type type);

// Refusals that the proxy counted together.
struct sighting {
  std::int64_t time_ms = 0;
  refusal_code code{};
  std::int64_t count = 0;
};

struct security_event {
  event_type type{};
  refusal_code code{}; // the refusal; of a suspicious pattern: the one seen most
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
  std::int64_t count = 0;
};

// Sightings of one code that are at most this far apart are one event.
inline constexpr std::int64_t event_gap_ms = 5 * 60'000;
// So many refusals for who asks, from where or for what in one event are suspicious.
inline constexpr std::int64_t suspicious_count = 20;

// `seen` in any order; events newest first (by their last sighting). Failures that are nobody's
// doing (the upstream's, the store's) are no event.
std::vector<security_event> events_of(std::span<const sighting> seen);

} // namespace policies::admission
