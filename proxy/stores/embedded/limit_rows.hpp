// A key's row in limit_states: what it has used, with nothing held. Whoever reads or writes one
// does it here, so that columns and fields stay in one order.
#pragma once

#include "policies/limits/limit_state.hpp"
#include "proxy/stores/embedded/database.hpp"

namespace proxy::stores {

// Behind the key's id.
inline constexpr const char* limit_columns =
    "at_ms, requests_level, tokens_level, month_id, month_spent, day_id, day_spent, total_spent, "
    "last_used_ms";
inline constexpr const char* put_limits =
    "INSERT OR REPLACE INTO limit_states VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)";

// `first`: where limit_columns begin in the row.
inline policies::limits::limit_state limit_state_in(const statement& row, int first) {
  policies::limits::limit_state is;
  is.at_ms = row.number(first);
  is.requests.level = row.number(first + 1);
  is.tokens.level = row.number(first + 2);
  is.month = {row.number(first + 3), policies::nano_usd{row.number(first + 4)}, {}};
  is.day = {row.number(first + 5), policies::nano_usd{row.number(first + 6)}, {}};
  is.total = {0, policies::nano_usd{row.number(first + 7)}, {}};
  return is;
}
inline std::int64_t last_used_in(const statement& row, int first) {
  return row.number(first + 8);
}

// The values of put_limits.
inline void bind_limits(statement& put, std::uint64_t key, const policies::limits::limit_state& is,
                        std::int64_t last_used_ms) {
  int column = 1;
  for (const std::int64_t value :
       {stored(key), is.at_ms, is.requests.level, is.tokens.level, is.month.id,
        is.month.spent.value, is.day.id, is.day.spent.value, is.total.spent.value, last_used_ms})
    put.bind(column++, value);
}

} // namespace proxy::stores
