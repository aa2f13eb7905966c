// The single checks, by what they are about. Each adds its finding, or none where it has nothing to
// say.
#pragma once

#include "policies/advice/health.hpp"

namespace policies::advice {

using findings = std::vector<finding>;

// Whether it may be used: status, expiry, silence, the age of its secret.
void check_life(const key_facts& facts, findings& out);
// Whether it gets through: errors, and limits by the minute against the busiest one.
void check_traffic(const key_facts& facts, findings& out);
// Whether the money lasts: limits, the month's forecast, the daily budget.
void check_money(const key_facts& facts, findings& out);
// Whether it may more than it needs: permissions, networks.
void check_privilege(const key_facts& facts, findings& out);
// Where the same answers cost less: caching, a cheaper model.
void check_savings(const key_facts& facts, findings& out);

// "$12.50", "$0.000025"
std::string dollars(nano_usd amount);
// "12.5 %"
std::string percent(double share);
double ratio(std::int64_t part, std::int64_t whole); // 0 of nothing

} // namespace policies::advice
