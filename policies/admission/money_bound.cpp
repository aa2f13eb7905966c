// Sums in 128 bits, so that no count or price can overflow on the way.
#include "policies/admission/money_bound.hpp"

#include <algorithm>

namespace policies::admission {
namespace {

__extension__ using wide = __int128;

constexpr std::int64_t pico_per_nano = 1000;

wide at_least_zero(std::int64_t value) {
  return std::max<std::int64_t>(value, 0);
}

wide prompt_pico(const money_bound& bound) {
  const std::int64_t dearer = std::max(bound.price.cache_hit.value, bound.price.cache_miss.value);
  return at_least_zero(bound.prompt.value) * at_least_zero(dearer);
}

// The price of one more token of the cap.
wide step_pico(const money_bound& bound) {
  return at_least_zero(bound.price.output.value) * at_least_zero(bound.multiplicity);
}

} // namespace

nano_usd money_bound::cost(tokens cap) const {
  // A prompt's cost alone can be near 2^126: look at it before adding to it.
  const wide most = static_cast<wide>(pricing::cost_max.value) * pico_per_nano;
  const wide prompt_part = std::min(prompt_pico(*this), most);
  const wide step = std::min(step_pico(*this), most);
  const wide sum = prompt_part + std::min(step * at_least_zero(cap.value), most);
  const wide rounded_up = (sum + pico_per_nano - 1) / pico_per_nano;
  return nano_usd{static_cast<std::int64_t>(std::min<wide>(rounded_up, pricing::cost_max.value))};
}

tokens money_bound::cap_within(nano_usd granted, tokens most) const {
  const wide left = at_least_zero(granted.value) * pico_per_nano - prompt_pico(*this);
  if (left < 0)
    return tokens{0};
  const wide step = step_pico(*this);
  if (step == 0)
    return most;
  return tokens{static_cast<std::int64_t>(std::min<wide>(left / step, most.value))};
}

} // namespace policies::admission
