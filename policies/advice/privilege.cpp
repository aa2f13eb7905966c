// Least privilege: what a stolen secret could do that its owner never does.
#include "policies/advice/checks.hpp"

namespace policies::advice {
namespace {

constexpr std::int64_t requests_of_a_month_telling = 100;

std::string unused_permissions(const key_facts& facts) {
  std::string names;
  for (int i = 0; i < access::permission_count; ++i) {
    const auto each = static_cast<access::permission>(i);
    if (facts.key.permissions.has(each) && !facts.exercised.has(each))
      names += (names.empty() ? "" : ", ") + std::string(access::name_of(each));
  }
  return names;
}

} // namespace

void check_privilege(const key_facts& facts, findings& out) {
  if (facts.month.requests >= requests_of_a_month_telling) {
    const std::string names = unused_permissions(facts);
    out.push_back({"permissions", names.empty() ? grade::good : grade::hint,
                   names.empty() ? "every permission was used within 30 days"
                                 : "not used within 30 days: " + names,
                   names.empty() ? "" : "take away what it does not need"});
  }
  const bool anywhere = facts.key.allowed_ips.empty() && facts.key.allowed_referrers.empty();
  out.push_back(
      {"networks", anywhere ? grade::hint : grade::good,
       anywhere ? "its secret works from anywhere" : "it works only from where it is expected",
       anywhere ? "set allowed_ips to its servers' addresses" : ""});
}

} // namespace policies::advice
