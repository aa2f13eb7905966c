// A key under test: its limits, its state and short words for what is done to it.
#pragma once

#include <vector>

#include "policies/limits/reserve.hpp"

namespace tests {

using policies::instant;
using policies::milliseconds;
using policies::nano_usd;
using policies::tokens;
namespace limits = policies::limits;
using namespace std::chrono_literals;

inline constexpr std::int64_t usd = 1'000'000'000; // in nano-dollars

struct moment {
  int year, month, day, hour = 0, minute = 0, second = 0, milli = 0;
};

inline instant at(moment m) {
  const std::chrono::year_month_day date{std::chrono::year{m.year},
                                         std::chrono::month{static_cast<unsigned>(m.month)},
                                         std::chrono::day{static_cast<unsigned>(m.day)}};
  return std::chrono::sys_days{date} + std::chrono::hours{m.hour} + std::chrono::minutes{m.minute} +
         std::chrono::seconds{m.second} + milliseconds{m.milli};
}

inline const instant noon = at({2026, 11, 23, 12});

struct key {
  limits::limit_set limits;
  limits::limit_state state{};

  limits::member link() { return {&limits, &state}; }
};

// A key and its parents, [0] the key itself.
struct chain {
  std::vector<limits::member> links;

  explicit chain(std::initializer_list<key*> keys) {
    for (key* k : keys)
      links.push_back(k->link());
  }

  limits::reserve_result reserve(const limits::ask& wanted, instant now) const {
    return limits::reserve(links, wanted, now);
  }
  bool admits(const limits::ask& wanted, instant now) const {
    return std::holds_alternative<limits::hold>(reserve(wanted, now));
  }
  limits::hold hold(const limits::ask& wanted, instant now) const {
    return std::get<limits::hold>(reserve(wanted, now));
  }
  limits::limit_refusal refusal(const limits::ask& wanted, instant now) const {
    return std::get<limits::limit_refusal>(reserve(wanted, now));
  }
  std::optional<limits::limit_refusal> extend(limits::hold& held, const limits::ask& wanted,
                                              instant now) const {
    return limits::extend(links, held, wanted, now);
  }
  void settle(const limits::hold& held, std::int64_t used, std::int64_t nano, instant now) const {
    limits::settle(links, held, {tokens{used}, nano_usd{nano}}, now);
  }
  void cancel(const limits::hold& held, instant now) const { limits::cancel(links, held, now); }
};

// One request that asks for nothing but itself.
inline const limits::ask one_request{};

inline limits::ask asking_tokens(std::int64_t held, std::int64_t risk = 0) {
  return {.held_tokens = tokens{held}, .risk_tokens = tokens{risk}};
}

inline limits::ask asking_money(std::int64_t want, std::int64_t least) {
  return {.money_want = nano_usd{want}, .money_min = nano_usd{least}};
}

inline limits::ask asking_money(std::int64_t want) {
  return asking_money(want, want);
}

} // namespace tests
