// The names of figures, and where they are.
#include "policies/insight/key_settings.hpp"

#include <algorithm>

namespace policies::insight {
namespace {

// A figure of rule_settings by its member: numbers, or days.
template <auto Member>
void put(rule_settings& into, double value) {
  auto& target = into.*Member;
  using type = std::remove_reference_t<decltype(target)>;
  if constexpr (requires { target.count(); })
    target = type{static_cast<typename type::rep>(value)};
  else
    target = static_cast<type>(value);
}

template <auto Member>
double get(const rule_settings& from) {
  if constexpr (requires { (from.*Member).count(); })
    return static_cast<double>((from.*Member).count());
  else
    return static_cast<double>(from.*Member);
}

template <auto Member>
constexpr rule_setting figure(std::string_view name, double least, double most, bool whole = true) {
  return {name, least, most, whole, put<Member>, get<Member>};
}

using r = rule_settings;
constexpr std::array all{
    figure<&r::volume_factor>("volume_factor", 1.1, 1000, false),
    figure<&r::volume_requests_min>("volume_requests_min", 1, 1e9),
    figure<&r::error_share>("error_share", 0.001, 1, false),
    figure<&r::error_requests_min>("error_requests_min", 1, 1e9),
    figure<&r::refused_burst>("refused_burst", 1, 1e6),
    figure<&r::limited_minutes>("limited_minutes", 1, 60),
    figure<&r::silent>("silent_days", 1, 34),
    figure<&r::settled>("settled_days", 0, 365),
    figure<&r::expiring>("expiring_days", 0, 365),
};

} // namespace

std::span<const rule_setting> key_rule_settings() {
  return all;
}

const rule_setting* rule_setting_named(std::string_view name) {
  const auto found = std::ranges::find(all, name, &rule_setting::name);
  return found == all.end() ? nullptr : &*found;
}

rule_settings applied(const key_settings& of, rule_settings to_all) {
  for (const auto& [name, value] : of.given)
    if (const rule_setting* known = rule_setting_named(name))
      known->put(to_all, value);
  return to_all;
}

bool is_muted(const key_settings& of, rule which) {
  return std::ranges::find(of.muted, which) != of.muted.end();
}

} // namespace policies::insight
