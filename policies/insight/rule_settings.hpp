// What counts as unusual, by figures an owner can change: for all keys, and for one of them.
#pragma once

#include <chrono>
#include <cstdint>

namespace policies::insight {

struct rule_settings {
  double volume_factor = 2;              // times the key's average for that hour of the week
  std::int64_t volume_requests_min = 30; // in an hour; fewer are never unusual
  double error_share = 0.10;             // of an hour's requests
  std::int64_t error_requests_min = 20;  // in an hour; of fewer no share is told
  std::int64_t refused_burst = 20;       // refusals with 401 and 403 within five minutes
  std::int64_t limited_minutes = 10;     // of the last 60, in which a limit refused requests
  double latency_factor = 3;             // times the upstream's usual median to the first byte
  std::chrono::days silent{30};          // a key that wakes after so long
  std::chrono::days settled{7};          // without a new network, before a new one is told
  std::chrono::days expiring{7};         // before the end of a key
  std::int64_t unknown_keys_burst = 200; // requests without a known key within five minutes
  bool operator==(const rule_settings&) const = default;
};

} // namespace policies::insight
