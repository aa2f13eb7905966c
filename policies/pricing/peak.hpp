// When peak prices apply: hours of the day, working days, and what a stretch of time meets of both.
#pragma once

#include <span>

#include "policies/pricing/price_table.hpp"

namespace policies::pricing {

// Which prices occur somewhere in a stretch of time.
struct peak_mix {
  bool off_peak = false;
  bool peak = false;
};

bool is_peak_at(const peak_calendar& calendar, instant at);

// What a row charges at one instant, by its own hours where it has some.
bool is_peak_at(const price_row& row, const peak_calendar& calendar, instant at);

// Looks at [from, until], both included, at every instant where the answer can change.
peak_mix mix_within(const price_row& row, const peak_calendar& calendar, instant from,
                    instant until);

} // namespace policies::pricing
