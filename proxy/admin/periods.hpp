// Periods of usage in whole hours, UTC: the current one and the seven before it.
#pragma once

#include <string>
#include <string_view>

#include "proxy/admin/message.hpp"
#include "proxy/stores/key_store.hpp"

namespace proxy::admin {

inline constexpr std::int64_t periods_before = 7;

struct period_ranges {
  std::string name;
  stores::usage_range now;    // up to and including the current hour
  stores::usage_range before; // seven periods, right before
};
// "1h", "24h", "7d", "30d": that many hours. "month": the calendar month so far, and the seven
// whole months before.
answer<period_ranges> ranges_of(std::string_view name, policies::instant now);

// RFC 3339, or a date alone, which begins at midnight UTC.
answer<policies::instant> instant_in(const query& from, std::string_view name,
                                     policies::instant otherwise);

} // namespace proxy::admin
