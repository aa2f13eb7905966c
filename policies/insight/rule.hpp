// What can be unusual, how grave it is, and what one look at it says. Nothing here remembers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policies/types.hpp"

namespace policies::insight {

// Names are part of stored alerts and of the API: the order is free, they stay.
enum class rule : std::uint8_t {
  volume,
  error_rate,
  daily_budget,
  budget_50,
  budget_80,
  budget_100,
  forecast,
  new_network,
  new_referrer,
  silent_key,
  refused_burst,
  limit_again,
  latency,
  expiring,
  rotation_due,
  unknown_keys,
  upstream_refused,
  overrun,
  disk_full,
  store_lost_state,
  test,
};
inline constexpr std::size_t rule_count = 21;

enum class severity : std::uint8_t { info, warning, critical };

std::string_view name_of(rule which); // "unusual_volume"
std::optional<rule> rule_named(std::string_view name);
std::string_view name_of(severity how);
std::optional<severity> severity_named(std::string_view name);
severity severity_of(rule which);
// Something that happened rather than something that lasts: it is over after a day by itself.
bool is_notice(rule which);
inline constexpr std::chrono::hours notice_lasts{24};

// `unclear`: neither begins an alert nor ends one.
enum class sight : std::uint8_t { absent, unclear, present };

struct verdict {
  rule which{};
  sight seen = sight::unclear;
  std::string message{}; // why, with the figures; of an absent one: why it is over
  std::string subject{}; // which network, model, …; empty: the key as a whole
};
using verdicts = std::vector<verdict>;

} // namespace policies::insight
