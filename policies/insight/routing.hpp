// Which alerts a receiver gets, and when: by severity and key, and not at night unless it is grave.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policies/insight/rule.hpp"

namespace policies::insight {

// Minutes of the day, UTC; `from` after `until` means over midnight.
struct quiet_hours {
  int from = 0;
  int until = 0;
  bool operator==(const quiet_hours&) const = default;
};
std::optional<quiet_hours> parse_quiet_hours(std::string_view text); // "22:00-07:00"
std::string to_string(const quiet_hours& of);

struct routing {
  severity least = severity::info;
  std::vector<std::string> keys{}; // ids or names; empty: all, and what has no key
  std::optional<quiet_hours> quiet{};
  severity passes_quiet = severity::critical; // and what is graver
};

// `key_names`: the key's id and name, none of what is about no key.
bool wants(const routing& of, severity how, const std::vector<std::string>& key_names);
// nullopt: now; else the instant at which the quiet hours end.
std::optional<instant> held_until(const routing& of, severity how, instant now);

// Milliseconds before the next attempt after so many that failed: 1 s, doubled, at most `longest`.
milliseconds pause_after(int failures, milliseconds longest);

} // namespace policies::insight
