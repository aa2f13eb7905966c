// What is left on a chain of keys, for headers: of each limit the member with the least. The same
// for every store.
#pragma once

#include <algorithm>
#include <optional>
#include <span>

#include "policies/limits/reserve.hpp"

namespace proxy::stores {

template <class T>
std::optional<T> least(const std::optional<T>& a, const std::optional<T>& b) {
  if (!a || !b)
    return a ? a : b;
  return std::min(*a, *b);
}

inline policies::limits::remaining least_left(std::span<const policies::limits::member> chain,
                                              policies::instant now) {
  policies::limits::remaining all;
  for (const auto& each : chain) {
    const auto one = policies::limits::remaining_of(*each.limits, *each.state, now);
    all.requests = least(all.requests, one.requests);
    all.requests_reset = std::max(all.requests_reset, one.requests_reset);
    all.tokens_left = least(all.tokens_left, one.tokens_left);
    all.tokens_reset = std::max(all.tokens_reset, one.tokens_reset);
    if (one.money_left && (!all.money_left || *one.money_left < *all.money_left)) {
      all.money_left = one.money_left;
      all.money_limit = one.money_limit;
    }
  }
  return all;
}

} // namespace proxy::stores
