// Hourly rows as they lie in Redis: a field named "hour:feature:model", with thirteen integers in
// the hash of sums and packed counts in that of spreads.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "proxy/stores/key_store.hpp"

namespace proxy::stores::redis {

std::string field_of(std::int64_t hour, std::uint8_t feature, std::string_view model);
std::string pack(const usage_sums& sums);

// Row: usage_row or spread_row. nullopt: it is not ours.
template <class Row>
std::optional<Row> row_of(std::string_view field, std::string_view packed);

// In the order in which reports come.
template <class Row>
bool comes_before(const Row& a, const Row& b) {
  return std::tie(a.hour, a.model, a.feature) < std::tie(b.hour, b.model, b.feature);
}

} // namespace proxy::stores::redis
