// Calendar windows in UTC: which one an instant lies in, and when it ends. Knows no money.
#pragma once

#include <cstdint>

#include "policies/types.hpp"

namespace policies::limits {

// Year x 12 + month - 1; days since 1970. Declared for everyone in reserve.hpp.
std::int64_t month_of(instant now);
std::int64_t day_of(instant now);

// The first instant of a window, by its id.
instant start_of_month(std::int64_t id);
instant start_of_day(std::int64_t id);

} // namespace policies::limits
