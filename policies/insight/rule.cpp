// Names and weights of the rules.
#include "policies/insight/rule.hpp"

namespace policies::insight {
namespace {

struct described {
  std::string_view name;
  severity how;
  bool notice = false;
};

constexpr std::array<described, rule_count> all{{
    {"unusual_volume", severity::warning},
    {"high_error_rate", severity::warning},
    {"daily_budget_exceeded", severity::warning},
    {"budget_50", severity::info},
    {"budget_80", severity::warning},
    {"budget_100", severity::critical},
    {"budget_forecast", severity::warning},
    {"new_network", severity::warning, true},
    {"new_referrer", severity::warning, true},
    {"silent_key_used", severity::warning, true},
    {"refused_burst", severity::critical},
    {"limit_hit_repeatedly", severity::warning},
    {"upstream_latency", severity::warning},
    {"key_expiring", severity::warning},
    {"rotation_due", severity::warning},
    {"unknown_keys_tried", severity::critical},
    {"upstream_refused", severity::critical},
    {"cost_overrun", severity::critical, true},
    {"journal_disk_full", severity::critical},
    {"store_lost_state", severity::critical},
    {"test", severity::critical, true},
}};

constexpr std::array<std::string_view, 3> severities{"info", "warning", "critical"};

const described& of(rule which) {
  return all[static_cast<std::size_t>(which)];
}

} // namespace

std::string_view name_of(rule which) {
  return of(which).name;
}
severity severity_of(rule which) {
  return of(which).how;
}
bool is_notice(rule which) {
  return of(which).notice;
}

std::optional<rule> rule_named(std::string_view name) {
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].name == name)
      return static_cast<rule>(i);
  return std::nullopt;
}

std::string_view name_of(severity how) {
  return severities[static_cast<std::size_t>(how)];
}

std::optional<severity> severity_named(std::string_view name) {
  for (std::size_t i = 0; i < severities.size(); ++i)
    if (severities[i] == name)
      return static_cast<severity>(i);
  return std::nullopt;
}

} // namespace policies::insight
