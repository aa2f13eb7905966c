// Amounts of everything that limits count, together: what is lent to a node in one go, and what is
// left of it. Signed: what was used beyond a loan is a debt.
#pragma once

#include <algorithm>
#include <array>

#include "policies/limits/reserve.hpp"

namespace policies::limits {

struct portion {
  std::int64_t requests = 0;
  std::int64_t slots = 0;
  tokens held_tokens{};
  tokens risk_tokens{};
  nano_usd money{};
  bool operator==(const portion&) const = default;

  portion& operator+=(const portion& other) {
    requests += other.requests;
    slots += other.slots;
    held_tokens += other.held_tokens;
    risk_tokens += other.risk_tokens;
    money += other.money;
    return *this;
  }
  portion& operator-=(const portion& other) {
    requests -= other.requests;
    slots -= other.slots;
    held_tokens -= other.held_tokens;
    risk_tokens -= other.risk_tokens;
    money -= other.money;
    return *this;
  }
  friend portion operator+(portion a, const portion& b) { return a += b; }
  friend portion operator-(portion a, const portion& b) { return a -= b; }

  // Of each amount by itself.
  template <class Each>
  static portion each(const portion& a, const portion& b, Each by) {
    return {.requests = by(a.requests, b.requests),
            .slots = by(a.slots, b.slots),
            .held_tokens = tokens{by(a.held_tokens.value, b.held_tokens.value)},
            .risk_tokens = tokens{by(a.risk_tokens.value, b.risk_tokens.value)},
            .money = nano_usd{by(a.money.value, b.money.value)}};
  }
  bool covers(const portion& other) const {
    return requests >= other.requests && slots >= other.slots && held_tokens >= other.held_tokens &&
           risk_tokens >= other.risk_tokens && money >= other.money;
  }
  bool empty() const { return *this == portion{}; }
};

inline portion without_debt(const portion& of) {
  return portion::each(of, {}, [](std::int64_t a, std::int64_t b) { return std::max(a, b); });
}

inline portion portion_of(const ask& wanted) {
  return {.requests = wanted.requests,
          .slots = wanted.slots,
          .held_tokens = wanted.held_tokens,
          .risk_tokens = wanted.risk_tokens,
          .money = wanted.money_want};
}

} // namespace policies::limits
