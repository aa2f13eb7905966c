// One key's own figures for the rules, and the rules that say nothing about it. What is not given
// stays as it is for all keys.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "policies/insight/rule.hpp"
#include "policies/insight/rule_settings.hpp"

namespace policies::insight {

struct rule_setting {
  std::string_view name; // as under [insight]
  double least = 0;
  double most = 0;
  bool whole = true; // no fraction
  void (*put)(rule_settings& into, double value) = nullptr;
  double (*get)(const rule_settings& from) = nullptr;
};
// Those that a key can have of its own.
std::span<const rule_setting> key_rule_settings();
const rule_setting* rule_setting_named(std::string_view name);

struct key_settings {
  std::map<std::string, double> given; // by name, in bounds
  std::vector<rule> muted;
  bool empty() const { return given.empty() && muted.empty(); }
};

rule_settings applied(const key_settings& of, rule_settings to_all);
bool is_muted(const key_settings& of, rule which);

} // namespace policies::insight
