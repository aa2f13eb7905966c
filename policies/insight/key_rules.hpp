// What is unusual about one key, judged from figures that the caller gathered. Each rule says one
// verdict, or none where it does not apply to the key.
#pragma once

#include "policies/insight/history.hpp"
#include "policies/insight/rule.hpp"
#include "policies/insight/rule_settings.hpp"
#include "policies/keys/key_record.hpp"

namespace policies::insight {

// Of the hour that is running.
struct hour_use {
  std::int64_t requests = 0;
  std::int64_t errors = 0; // refusals but for limits, answers >= 400, cuts
};

// Refusals of the last while, as they were counted.
struct recent_refusals {
  std::int64_t forbidden = 0;       // 401 and 403 of five minutes
  std::int64_t limited_minutes = 0; // of 60, in which a limit refused
  std::int64_t limited = 0;         // 429s of 60 minutes
};

struct key_facts {
  const keys::key_record& key;
  instant now{};
  const history& past; // up to and including the running hour
  hour_use hour{};
  recent_refusals refused{};
  nano_usd month_spent{};
  nano_usd day_spent{};
  nano_usd total_spent{};
};

// Every rule that applies.
verdicts judge(const key_facts& facts, const rule_settings& by);

void judge_traffic(const key_facts& facts, const rule_settings& by, verdicts& out);
void judge_money(const key_facts& facts, verdicts& out);
void judge_refusals(const key_facts& facts, const rule_settings& by, verdicts& out);
// What needs no use: expiry, age of the secret.
void judge_life(const keys::key_record& key, instant now, const rule_settings& by, verdicts& out);

} // namespace policies::insight
