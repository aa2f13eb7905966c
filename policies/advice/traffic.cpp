// Errors, and limits by the minute.
#include <cmath>

#include "policies/advice/checks.hpp"

namespace policies::advice {
namespace {

constexpr double errors_many = 0.10; // the guide's bound
constexpr double errors_most = 0.50;
constexpr std::int64_t requests_of_a_day_telling = 20; // fewer say nothing about a share
constexpr double limited_many = 0.01;
constexpr double headroom = 1.2; // of a limit over the busiest minute
constexpr double far_above = 10; // a limit that would let an abuser do so much more

void check_errors(const key_facts& facts, findings& out) {
  const double share = ratio(facts.day.errors, facts.day.requests);
  const std::string message = percent(share) + " of " + std::to_string(facts.day.requests) +
                              " requests of the last 24 hours failed";
  if (facts.day.requests < requests_of_a_day_telling || share <= errors_many)
    out.push_back({"errors", grade::good, message, ""});
  else
    out.push_back({"errors", share >= errors_most ? grade::critical : grade::warning, message,
                   "look at the key's recent errors: they name status and code"});
}

void check_limited(const key_facts& facts, findings& out) {
  const double share = ratio(facts.day.limited, facts.day.requests);
  if (facts.day.requests < requests_of_a_day_telling || share <= limited_many)
    return;
  out.push_back({"limits", grade::warning,
                 percent(share) + " of the last 24 hours' requests were over a limit",
                 "raise the limit that answers 429, or spread the requests"});
}

struct minute_limit {
  std::string_view check;
  std::string_view unit;
  std::optional<std::int64_t> limit;
  std::int64_t peak = 0;
};

void check_rate(const minute_limit& of, findings& out) {
  const auto peak = static_cast<double>(of.peak);
  const auto fitting = static_cast<std::int64_t>(std::ceil(peak * headroom));
  const std::string unit(of.unit);
  const std::string busiest =
      "the busiest minute of 30 days had " + std::to_string(of.peak) + " " + unit;
  if (!of.limit) {
    if (of.peak > 0)
      out.push_back({of.check, grade::hint, busiest + ", and there is no limit",
                     "a limit of " + std::to_string(fitting) + " would not have been felt"});
    return;
  }
  const auto limit = static_cast<double>(*of.limit);
  const std::string against = busiest + ", of " + std::to_string(*of.limit) + " allowed";
  if (of.peak > 0 && peak >= limit * 0.9)
    out.push_back({of.check, grade::warning, against,
                   "if that is wanted, " + std::to_string(fitting) + " leaves room"});
  else if (of.peak > 0 && limit > peak * far_above)
    out.push_back({of.check, grade::hint, against,
                   std::to_string(fitting) + " would be enough, and bound an abuser more tightly"});
  else
    out.push_back({of.check, grade::good, against, ""});
}

} // namespace

void check_traffic(const key_facts& facts, findings& out) {
  check_errors(facts, out);
  check_limited(facts, out);
  const auto& limits = facts.key.limits;
  check_rate({"requests_per_minute", "requests", limits.requests_per_minute, facts.peak_requests},
             out);
  check_rate({"tokens_per_minute", "tokens", limits.tokens_per_minute, facts.peak_tokens}, out);
}

} // namespace policies::advice
