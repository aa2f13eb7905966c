// A place for each pair of name and length of time; what comes later takes it over.
#include "policies/pricing/price_memo.hpp"

#include <algorithm>

namespace policies::pricing {
namespace {

std::int64_t minute_of(instant at) {
  return std::chrono::floor<std::chrono::minutes>(at.time_since_epoch()).count();
}

// Peak hours are given in minutes; dates of rows may be any instant.
bool changes_at_whole_minutes(const price_data& data) {
  const auto whole = [](instant at) {
    return at == instant::max() || at == instant::min() ||
           at.time_since_epoch() % std::chrono::minutes{1} == milliseconds{0};
  };
  return whole(data.peak.since) && std::ranges::all_of(data.models, [&](const price_row& row) {
           return whole(row.from) && whole(row.until);
         });
}

} // namespace

price_memo::price_memo(const price_table& table)
    : table_(table), whole_minutes_(changes_at_whole_minutes(table.data())) {}

std::optional<token_price> price_memo::dearest(std::string_view asked, instant from,
                                               instant until) {
  if (!whole_minutes_ || asked.empty() || asked.size() > name_bytes_max)
    return table_.dearest(asked, from, until);
  const std::int64_t first = minute_of(from);
  const std::int64_t last = minute_of(until);
  const auto mixed =
      static_cast<std::size_t>(asked.size() * 7 + static_cast<unsigned char>(asked.back()) * 5) +
      static_cast<std::size_t>(last - first);
  known& place = known_[mixed % places];
  if (place.from_minute == first && place.until_minute == last && place.asked == asked)
    return place.price;
  place.asked = asked;
  place.from_minute = first;
  place.until_minute = last;
  place.price = table_.dearest(asked, from, until);
  return place.price;
}

} // namespace policies::pricing
