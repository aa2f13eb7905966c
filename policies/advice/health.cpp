// All checks in order, and the words that they share.
#include "policies/advice/health.hpp"

#include <algorithm>
#include <cstdio>

#include "policies/advice/checks.hpp"

namespace policies::advice {

std::string_view name_of(grade how) {
  switch (how) {
  case grade::good:
    return "good";
  case grade::hint:
    return "hint";
  case grade::warning:
    return "warning";
  case grade::critical:
    return "critical";
  }
  return "";
}

std::vector<finding> health_of(const key_facts& facts) {
  findings out;
  check_life(facts, out);
  check_traffic(facts, out);
  check_money(facts, out);
  check_privilege(facts, out);
  check_savings(facts, out);
  return out;
}

grade worst_of(const std::vector<finding>& all) {
  grade worst = grade::good;
  for (const finding& each : all)
    worst = std::max(worst, each.how);
  return worst;
}

std::string dollars(nano_usd amount) {
  char text[40];
  const double value = static_cast<double>(amount.value) / 1e9;
  const bool small = amount.value != 0 && value < 0.01;
  std::snprintf(text, sizeof text, small ? "$%.6f" : "$%.2f", value);
  return text;
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
  return text;
}

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

} // namespace policies::advice
