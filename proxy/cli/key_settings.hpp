// Which fields of a key are settings that a file can hold, in the order in which it holds them.
// What may stand in each is the admin plane's business.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

namespace proxy::cli {

enum class setting_kind {
  text,      // always there
  clearable, // null is written "none"
  list,
  truth,
  table, // replaced as a whole
  limits // a table of clearable members, each by itself
};

struct key_setting {
  std::string_view name;
  setting_kind kind;
};

// Scalars before tables, as TOML wants them.
inline constexpr key_setting key_settings[] = {
    {"name", setting_kind::text},
    {"description", setting_kind::text},
    {"environment", setting_kind::text},
    {"type", setting_kind::text},
    {"status", setting_kind::text},
    {"is_group", setting_kind::truth},
    {"parent", setting_kind::clearable}, // by name
    {"permissions", setting_kind::list},
    {"models", setting_kind::list},
    {"may_delegate", setting_kind::truth},
    {"allowed_ips", setting_kind::list},
    {"allowed_referrers", setting_kind::list},
    {"expires_at", setting_kind::clearable},
    {"rotate_every_days", setting_kind::clearable},
    {"max_wait_ms", setting_kind::clearable},
    {"cache_ttl_s", setting_kind::clearable},
    {"token_accounting", setting_kind::text},
    {"daily_budget", setting_kind::clearable},
    {"rate_limits", setting_kind::limits},
    {"model_aliases", setting_kind::table},
    {"metadata", setting_kind::table},
};

// nullptr: no such setting.
inline const key_setting* setting_named(std::string_view name) {
  const auto* found = std::ranges::find(key_settings, name, &key_setting::name);
  return found == std::end(key_settings) ? nullptr : found;
}

} // namespace proxy::cli
