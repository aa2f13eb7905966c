// Budgets as they fill, and whether the month's money lasts. A forecast is told only where even a
// cheap rest of the month runs over: costs are heavy-tailed, and one dear day is no trend.
#include <algorithm>
#include <cmath>

#include "policies/advice/checks.hpp"
#include "policies/insight/key_rules.hpp"
#include "policies/limits/calendar.hpp"

namespace policies::insight {
namespace {

using advice::dollars;
using advice::percent;

// The fullest of the limits that do not begin anew each day.
struct budget {
  nano_usd spent;
  nano_usd limit;
  std::string_view what;
  double share() const {
    return limit.value == 0 ? 0 : advice::ratio(spent.value, limit.value); // 0 allows nothing
  }
};

void judge_budget(const budget& of, verdicts& out) {
  struct level {
    rule which;
    double from;
    double until;
  };
  static constexpr std::array<level, 3> levels{
      {{rule::budget_50, 0.5, 0.8}, {rule::budget_80, 0.8, 1}, {rule::budget_100, 1, 1e300}}};
  const double share = of.share();
  const std::string message = dollars(of.spent) + " of " + dollars(of.limit) + " are spent " +
                              std::string(of.what) + " (" + percent(share) + ")";
  for (const level& each : levels)
    out.push_back({each.which,
                   share < each.from    ? sight::absent
                   : share < each.until ? sight::present
                                        : sight::unclear, // the next one tells
                   message});
}

void judge_day(const key_facts& facts, verdicts& out) {
  const auto& most = facts.key.daily_budget;
  const bool over = most && facts.day_spent > *most;
  out.push_back({rule::daily_budget, over ? sight::present : sight::absent,
                 !most ? "there is no daily budget any more"
                       : dollars(facts.day_spent) + " are spent today, the daily budget is " +
                             dollars(*most)});
}

// What a day of the week costs by the whole days of the last four weeks.
struct daily_costs {
  std::array<double, 7> sum{};
  std::array<double, 7> count{};
  double days = 0;
  double mean = 0;
  double deviation = 0; // of a day from its weekday's mean

  double of(std::int64_t day) const {
    const auto weekday = static_cast<std::size_t>(day % 7);
    return count[weekday] > 0 ? sum[weekday] / count[weekday] : mean;
  }
};

daily_costs costs_of(const history& past, std::int64_t today) {
  constexpr std::int64_t days_looked_at = 28;
  daily_costs out;
  const std::int64_t first =
      std::max(today - days_looked_at, past.first_hour() / hours_a_day + 1); // whole days only
  for (std::int64_t day = first; day < today; ++day) {
    const auto cost = static_cast<double>(past.cost_on(day));
    const auto weekday = static_cast<std::size_t>(day % 7);
    out.sum[weekday] += cost;
    out.count[weekday] += 1;
    out.mean += cost;
    out.days += 1;
  }
  if (out.days == 0)
    return out;
  out.mean /= out.days;
  double squares = 0, freedom = 0;
  for (std::int64_t day = first; day < today; ++day) {
    const auto weekday = static_cast<std::size_t>(day % 7);
    const double off =
        static_cast<double>(past.cost_on(day)) - (out.count[weekday] > 1 ? out.of(day) : out.mean);
    squares += off * off;
  }
  for (const double count : out.count)
    freedom += count > 1 ? count - 1 : count;
  out.deviation = std::sqrt(squares / std::max(1.0, freedom - 1));
  return out;
}

verdict judge_forecast(const key_facts& facts, nano_usd limit) {
  verdict out{rule::forecast};
  const std::int64_t today = limits::day_of(facts.now);
  const std::int64_t end = limits::day_of(limits::start_of_month(limits::month_of(facts.now) + 1));
  const daily_costs usual = costs_of(facts.past, today);
  if (facts.month_spent >= limit || limit.value == 0) {
    out.seen = sight::absent;
    out.message = "the budget is spent";
    return out;
  }
  if (usual.days < 5)
    return out;
  double rest = std::max(0.0, usual.of(today) - static_cast<double>(facts.day_spent.value));
  for (std::int64_t day = today + 1; day < end; ++day)
    rest += usual.of(day);
  const auto left = static_cast<double>(end - today);
  const double doubt = usual.deviation * std::sqrt(left * (1 + left / usual.days));
  const double expected = static_cast<double>(facts.month_spent.value) + rest;
  out.message = "by the last weeks' costs the month comes to " +
                dollars(nano_usd{static_cast<std::int64_t>(expected)}) + ", give or take " +
                dollars(nano_usd{static_cast<std::int64_t>(doubt)}) + "; " +
                dollars(facts.month_spent) + " of " + dollars(limit) + " are spent";
  const auto most = static_cast<double>(limit.value);
  if (expected - 3 * doubt > most)
    out.seen = sight::present;
  else if (expected <= 0.95 * most)
    out.seen = sight::absent;
  return out;
}

} // namespace

void judge_money(const key_facts& facts, verdicts& out) {
  judge_day(facts, out);
  const auto& limits = facts.key.limits;
  budget fullest{{}, {}, "this month"};
  if (limits.monthly)
    fullest = {facts.month_spent, *limits.monthly, "this month"};
  if (const budget all{facts.total_spent, limits.total.value_or(nano_usd{}), "in all"};
      all.share() > fullest.share())
    fullest = all;
  judge_budget(fullest, out);
  if (limits.monthly && !facts.key.is_group)
    out.push_back(judge_forecast(facts, *limits.monthly));
}

} // namespace policies::insight
