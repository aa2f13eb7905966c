// The naive oracle of the property test, written without a look at the arithmetic of policies/:
// what is held is the sum over open holds, what is spent a sum over outcomes, a bucket's level the
// largest excess of use over drain in any stretch of time that ends now.
#pragma once

#include <algorithm>
#include <ctime>
#include <map>
#include <optional>
#include <vector>

#include "tests/policies/limits/keys.hpp"

namespace tests {

struct window_ids {
  std::int64_t month, day;
};

inline window_ids windows_at(std::int64_t ms) {
  constexpr std::int64_t day_ms = 86'400'000;
  static std::map<std::int64_t, std::int64_t> months; // of days: gmtime_r is slow
  const std::int64_t day = ms / day_ms;
  const auto [known, fresh] = months.try_emplace(day);
  if (fresh) {
    const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
    std::tm date{};
    gmtime_r(&seconds, &date);
    known->second = (date.tm_year + 1900) * 12L + date.tm_mon;
  }
  return {.month = known->second, .day = day};
}

// Units of 1/60000. level = max over instants s of (used since s - drained since s).
class naive_meter {
 public:
  void pass(std::int64_t elapsed_ms, std::optional<std::int64_t> rate) {
    if (elapsed_ms == 0)
      return;
    if (!rate)
      *this = {};
    else
      drained_ += *rate * std::min<std::int64_t>(elapsed_ms, 3'600'000);
    best_ = std::max(best_, drained_ - used_);
  }
  void use(std::int64_t wholes, std::optional<std::int64_t> rate) {
    if (rate)
      used_ += wholes * 60'000;
  }
  std::int64_t level() const { return used_ - drained_ + best_; }

 private:
  std::int64_t used_ = 0, drained_ = 0, best_ = 0;
};

// One line of the ledger, as a crash finds it.
struct naive_row {
  std::int64_t at_ms, started_ms;
  bool admission;
  std::int64_t used, cost;
};

struct naive_sums {
  std::int64_t requests = 0, slots = 0, tokens = 0, risk = 0, month = 0, day = 0, total = 0;
};

inline std::int64_t spent_in(const std::map<std::int64_t, std::int64_t>& sums, std::int64_t id) {
  const auto found = sums.find(id);
  return found == sums.end() ? 0 : found->second;
}

struct naive_key {
  limits::limit_set limits{};
  std::int64_t last_ms = 0;
  naive_meter requests{}, tokens{};
  std::map<std::int64_t, std::int64_t> spent_by_month{}, spent_by_day{};
  std::int64_t spent = 0;
  std::vector<naive_row> ledger{};
  naive_sums held{}; // of the holds that are open

  void pass_until(std::int64_t ms) {
    const std::int64_t elapsed = std::max<std::int64_t>(0, ms - last_ms);
    requests.pass(elapsed, limits.requests_per_minute);
    tokens.pass(elapsed, limits.tokens_per_minute);
    last_ms = std::max(last_ms, ms);
  }
  void spend(std::int64_t started_ms, std::int64_t cost) {
    const window_ids ids = windows_at(started_ms);
    spent_by_month[ids.month] += cost;
    spent_by_day[ids.day] += cost;
    spent += cost;
  }
};

struct naive_hold {
  std::vector<std::size_t> chain;
  std::int64_t made_ms = 0; // the windows of its money
  std::int64_t requests = 0, slots = 0, tokens = 0, risk = 0, money = 0;
  bool open = true;
  std::vector<std::size_t> rows{}; // of its charge, in each member's ledger, for corrections
};

// One limit that stands against a request.
struct objection {
  limits::limit_kind kind;
  std::size_t member;
  bool never;
  bool spent;   // money that is gone
  bool curable; // time alone helps
};

struct verdict {
  std::vector<objection> objections{};
  std::int64_t granted = 0;
};

class naive_judge {
 public:
  // `already`: the hold that is being extended.
  naive_judge(const limits::ask& wanted, const naive_hold* already, std::int64_t now_ms)
      : wanted_(wanted), already_(already), now_(windows_at(now_ms)) {
    result_.granted = wanted.money_want.value;
  }

  void hear(std::size_t member, const naive_key& key, std::int64_t now_ms) {
    member_ = member;
    const limits::limit_set& l = key.limits;
    naive_meter asked = key.requests, spoken = key.tokens;
    asked.pass(now_ms - key.last_ms, l.requests_per_minute);
    spoken.pass(now_ms - key.last_ms, l.tokens_per_minute);
    if (!already_) {
      meter(limits::limit_kind::requests_per_minute, l.requests_per_minute, l.burst_requests,
            asked.level(), key.held.requests, wanted_.requests);
      if (l.concurrent_requests &&
          (*l.concurrent_requests == 0 || key.held.slots + wanted_.slots > *l.concurrent_requests))
        object(limits::limit_kind::concurrent_requests,
               *l.concurrent_requests < wanted_.slots || *l.concurrent_requests == 0, false, false);
    }
    meter(limits::limit_kind::tokens_per_minute, l.tokens_per_minute, l.burst_tokens,
          spoken.level(), key.held.tokens, wanted_.held_tokens.value);
    const std::int64_t risk = wanted_.risk_tokens.value;
    if (l.tokens_per_minute && risk > 0 && key.held.risk + risk > 10 * *l.tokens_per_minute)
      object(limits::limit_kind::tokens_per_minute, risk > 10 * *l.tokens_per_minute, false, false);
    const window_ids made = already_ ? windows_at(already_->made_ms) : now_;
    money(limits::limit_kind::monthly_spending_limit, l.monthly,
          spent_in(key.spent_by_month, now_.month), key.held.month, made.month != now_.month);
    money(limits::limit_kind::daily_spending_limit, l.daily, spent_in(key.spent_by_day, now_.day),
          key.held.day, made.day != now_.day);
    money(limits::limit_kind::total_spending_limit, l.total, key.spent, key.held.total, false);
  }

  const verdict& result() const { return result_; }

 private:
  void object(limits::limit_kind kind, bool never, bool spent, bool curable) {
    result_.objections.push_back({kind, member_, never, spent, curable && !never});
  }

  void meter(limits::limit_kind kind, std::optional<std::int64_t> rate,
             std::optional<std::int64_t> burst, std::int64_t level, std::int64_t held,
             std::int64_t asked) {
    if (!rate)
      return;
    const std::int64_t capacity = *rate == 0 ? 0 : burst.value_or(*rate);
    if (*rate > 0 && level + (held + asked) * 60'000 <= capacity * 60'000)
      return;
    const std::int64_t excess = level + (held + asked - capacity) * 60'000;
    const bool within_an_hour = *rate > 0 && excess <= *rate * 3'600'000;
    object(kind, *rate == 0 || asked > capacity, false, held + asked <= capacity && within_an_hour);
  }

  void money(limits::limit_kind kind, std::optional<nano_usd> limit, std::int64_t spent,
             std::int64_t held, bool moves) {
    if (!limit)
      return;
    const std::int64_t moved = moves ? already_->money : 0;
    const std::int64_t unheld = limit->value - spent - held - moved;
    if (limit->value > 0 && unheld >= wanted_.money_min.value) {
      result_.granted = std::min(result_.granted, unheld);
      return;
    }
    const bool gone = limit->value == 0 || unheld + held < wanted_.money_min.value;
    object(kind, limit->value == 0 || wanted_.money_min.value + moved > limit->value, gone,
           gone && kind != limits::limit_kind::total_spending_limit);
  }

  const limits::ask& wanted_;
  const naive_hold* already_;
  window_ids now_;
  std::size_t member_ = 0;
  verdict result_{};
};

} // namespace tests
