// What a key's owner should look at: each check of a key with its figures and what to do. Rules
// alone; the figures are the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policies/keys/key_record.hpp"

namespace policies::advice {

// Graver is greater. `hint`: nothing is wrong, but something can be better.
enum class grade : std::uint8_t { good, hint, warning, critical };
std::string_view name_of(grade how);

struct finding {
  std::string_view check; // "expiry"
  grade how = grade::good;
  std::string message; // with the figures that led to it
  std::string advice;  // what to do; empty where all is well
};

// Sums over some time.
struct use {
  std::int64_t requests = 0;
  std::int64_t errors = 0;  // refusals but for limits, answers >= 400, cuts
  std::int64_t limited = 0; // 429s of the proxy
  std::int64_t cached_tokens = 0;
  std::int64_t prompt_tokens = 0; // without the cached ones
  std::int64_t output_tokens = 0;
};

// One model's part of 30 days, and what the same tokens cost with the cheapest one.
struct model_use {
  std::string name;
  nano_usd cost;
  std::string cheapest;
  nano_usd cheapest_cost;
};

struct key_facts {
  const keys::key_record& key;
  instant now{};
  std::optional<instant> last_used{};
  use day{};                          // the last 24 hours
  use month{};                        // the last 30 days
  std::int64_t peak_requests = 0;     // in one minute of 30 days
  std::int64_t peak_tokens = 0;       // in one minute of 30 days
  access::permission_set exercised{}; // by requests of 30 days
  std::vector<model_use> models{};    // of 30 days
  nano_usd month_spent{};             // of the calendar month, as the limit counts
  nano_usd day_spent{};               // of the calendar day
  nano_usd total_spent{};
};

// Every check, in a fixed order; what says nothing about this key is left out.
std::vector<finding> health_of(const key_facts& facts);
// The gravest; `good` of none.
grade worst_of(const std::vector<finding>& all);

} // namespace policies::advice
