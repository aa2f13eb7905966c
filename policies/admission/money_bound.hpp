// What a request can cost at most, and how much output an amount of money covers. Exact: of two
// roundings both favour the limit, and the cap for the cost of a cap is that cap.
#pragma once

#include "policies/pricing/price_table.hpp"
#include "policies/types.hpp"

namespace policies::admission {

struct money_bound {
  tokens prompt;
  pricing::token_price price;
  std::int64_t multiplicity = 1; // answers a request may have, each of up to the cap

  // Of the whole prompt, at the dearer of cache hit and miss, and `cap` for each answer.
  nano_usd cost(tokens cap) const;
  // The largest cap <= `most` whose cost does not pass `granted`; 0 if none does.
  tokens cap_within(nano_usd granted, tokens most) const;
};

} // namespace policies::admission
