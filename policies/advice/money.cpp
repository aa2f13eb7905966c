// Spending limits and budgets.
#include <chrono>

#include "policies/advice/checks.hpp"
#include "policies/limits/calendar.hpp"

namespace policies::advice {
namespace {

constexpr double nearly = 0.8;

struct spending {
  std::string_view check;
  std::string_view what; // "this month"
  nano_usd limit;
  nano_usd spent;
};

double share_of(const spending& of) {
  return of.limit.value == 0 ? 1 : ratio(of.spent.value, of.limit.value);
}

void check_limit(const spending& of, findings& out) {
  const double share = share_of(of);
  const std::string message = dollars(of.spent) + " of " + dollars(of.limit) + " are spent " +
                              std::string(of.what) + " (" + percent(share) + ")";
  if (share >= 1)
    out.push_back({of.check, grade::critical, message + ": every request that costs is refused",
                   "raise the limit, or wait until it begins anew"});
  else
    out.push_back({of.check, share >= nearly ? grade::warning : grade::good, message,
                   share >= nearly ? "raise the limit before requests are refused" : ""});
}

// At the month's pace so far. The first day says too little.
void check_forecast(const key_facts& facts, nano_usd limit, findings& out) {
  const std::int64_t month = limits::month_of(facts.now);
  const instant begin = limits::start_of_month(month);
  const instant end = limits::start_of_month(month + 1);
  const milliseconds gone = facts.now - begin;
  if (gone < std::chrono::days{1} || facts.month_spent >= limit)
    return;
  const double pace =
      static_cast<double>(facts.month_spent.value) / static_cast<double>(gone.count());
  const double all = pace * static_cast<double>((end - begin).count());
  if (all <= static_cast<double>(limit.value))
    return;
  const auto left = static_cast<double>((limit - facts.month_spent).value);
  const auto day = std::chrono::floor<std::chrono::days>(
      begin + gone + milliseconds{static_cast<std::int64_t>(left / pace)});
  const std::chrono::year_month_day date{day};
  out.push_back(
      {"forecast", grade::warning,
       "at this pace the month costs " + dollars(nano_usd{static_cast<std::int64_t>(all)}) +
           " and the limit is reached on day " + std::to_string(static_cast<unsigned>(date.day())),
       "raise monthly_spending_limit, or find what spends"});
}

} // namespace

void check_money(const key_facts& facts, findings& out) {
  const auto& limits = facts.key.limits;
  if (limits.monthly) {
    check_limit({"monthly_spending", "this month", *limits.monthly, facts.month_spent}, out);
    check_forecast(facts, *limits.monthly, out);
  }
  if (limits.daily)
    check_limit({"daily_spending", "today", *limits.daily, facts.day_spent}, out);
  if (limits.total)
    check_limit({"total_spending", "in all", *limits.total, facts.total_spent}, out);
  if (!limits.limits_money())
    out.push_back({"spending", grade::hint, "it may spend all that the account has",
                   "set monthly_spending_limit"});
  if (facts.key.daily_budget && facts.day_spent > *facts.key.daily_budget)
    out.push_back({"daily_budget", grade::warning,
                   dollars(facts.day_spent) + " are spent today, over the daily budget of " +
                       dollars(*facts.key.daily_budget),
                   "see which model and hour it went to"});
}

} // namespace policies::advice
