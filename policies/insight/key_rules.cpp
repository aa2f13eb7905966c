// Volume, errors, refusals and the end of a key's life.
#include "policies/insight/key_rules.hpp"

#include "policies/advice/checks.hpp"
#include "policies/insight/chance.hpp"
#include "policies/keys/rotation.hpp"

namespace policies::insight {
namespace {

using advice::percent;
using std::to_string;

std::int64_t hour_of(instant at) {
  return std::chrono::floor<std::chrono::hours>(at).time_since_epoch().count();
}

// "12.5", "3"
std::string tenths(double value) {
  const auto scaled = static_cast<std::int64_t>(value * 10 + 0.5);
  const std::string rest = scaled % 10 == 0 ? "" : "." + to_string(scaled % 10);
  return to_string(scaled / 10) + rest;
}

std::string text_of(instant at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const auto two = [](unsigned value) { return (value < 10 ? "0" : "") + to_string(value); };
  return to_string(static_cast<int>(date.year())) + "-" + two(static_cast<unsigned>(date.month())) +
         "-" + two(static_cast<unsigned>(date.day()));
}

// Given the same rates, an hour's share of all requests is 1 / (1 + weeks): the question is whether
// this hour's rate is more than `factor` times the usual one. Bunched requests count for fewer.
verdict judge_volume(const key_facts& facts, const rule_settings& by) {
  verdict out{rule::volume};
  const auto usual = facts.past.expected_in(hour_of(facts.now));
  if (!usual)
    return out;
  const auto requests = static_cast<double>(facts.hour.requests);
  out.message =
      to_string(facts.hour.requests) + " requests in this hour, " + tenths(usual->average()) +
      (usual->weeks < 2 ? " at most" : " on average") + " in the same hour of " +
      (usual->weeks < 2 ? "the days" : to_string(static_cast<int>(usual->weeks)) + " weeks") +
      " before";
  if (facts.hour.requests < by.volume_requests_min ||
      requests <= by.volume_factor * usual->average()) {
    const auto within = facts.now - std::chrono::floor<std::chrono::hours>(facts.now);
    out.seen = within >= std::chrono::minutes{30} ? sight::absent : sight::unclear;
    return out;
  }
  const double bunches = facts.past.dispersion();
  const double chance = at_least(requests / bunches, (requests + usual->sum) / bunches,
                                 by.volume_factor / (by.volume_factor + usual->weeks));
  out.seen = chance <= chance_max ? sight::present : sight::unclear;
  return out;
}

verdict judge_errors(const key_facts& facts, const rule_settings& by) {
  verdict out{rule::error_rate};
  const hour_use& hour = facts.hour;
  if (hour.requests < by.error_requests_min) {
    if (facts.past.requests_in(hour_of(facts.now) - 1) < by.error_requests_min) {
      out.seen = sight::absent;
      out.message = "hardly a request in this hour and the one before";
    }
    return out;
  }
  const double share = advice::ratio(hour.errors, hour.requests);
  out.message = to_string(hour.errors) + " of " + to_string(hour.requests) +
                " requests in this hour failed (" + percent(share) + ")";
  if (share <= by.error_share)
    out.seen = sight::absent;
  else if (at_least(static_cast<double>(hour.errors), static_cast<double>(hour.requests),
                    by.error_share) <= chance_max)
    out.seen = sight::present;
  return out;
}

// The key was there all the time, and nobody used it.
verdict judge_silence(const key_facts& facts, const rule_settings& by) {
  const std::int64_t hour = hour_of(facts.now);
  const std::int64_t silent = facts.past.silent_before(hour);
  const bool woke = facts.hour.requests > 0 && silent >= by.silent.count() * hours_a_day;
  return {rule::silent_key, woke ? sight::present : sight::unclear,
          "used again after " + to_string(silent / hours_a_day) + " days or more of silence"};
}

} // namespace

void judge_traffic(const key_facts& facts, const rule_settings& by, verdicts& out) {
  out.push_back(judge_volume(facts, by));
  out.push_back(judge_errors(facts, by));
  out.push_back(judge_silence(facts, by));
}

void judge_refusals(const key_facts& facts, const rule_settings& by, verdicts& out) {
  const recent_refusals& seen = facts.refused;
  const auto judged = [](std::int64_t count, std::int64_t most) {
    return count >= most ? sight::present : 4 * count <= most ? sight::absent : sight::unclear;
  };
  out.push_back({rule::refused_burst, judged(seen.forbidden, by.refused_burst),
                 to_string(seen.forbidden) +
                     " attempts in five minutes were refused for who asked, from where or for "
                     "what: somebody may be trying what the key is good for"});
  out.push_back({rule::limit_again, judged(seen.limited_minutes, by.limited_minutes),
                 "a limit refused " + to_string(seen.limited) + " requests in " +
                     to_string(seen.limited_minutes) + " of the last 60 minutes"});
}

void judge_life(const keys::key_record& key, instant now, const rule_settings& by, verdicts& out) {
  const bool serves = key.status == keys::key_status::active;
  if (key.expires_at) {
    const bool soon = serves && *key.expires_at > now && *key.expires_at - now <= by.expiring;
    out.push_back({rule::expiring, soon ? sight::present : sight::absent,
                   soon ? "the key expires on " + text_of(*key.expires_at)
                        : "the key's end is not near any more, or it has ended"});
  } else {
    out.push_back({rule::expiring, sight::absent, "the key has no end any more"});
  }
  const auto due = keys::rotation_due(key);
  const bool late = serves && due && *due <= now;
  out.push_back({rule::rotation_due, late ? sight::present : sight::absent,
                 late ? "the key's schedule asked for a new secret on " + text_of(*due)
                      : "no new secret is due any more"});
}

verdicts judge(const key_facts& facts, const rule_settings& by) {
  verdicts out;
  if (!facts.key.is_group) {
    judge_traffic(facts, by, out);
    judge_refusals(facts, by, out);
  }
  judge_money(facts, out);
  judge_life(facts.key, facts.now, by, out);
  return out;
}

} // namespace policies::insight
