// Both ways.
#include "proxy/stores/redis/usage_wire.hpp"

#include <fmt/format.h>

#include "proxy/stores/redis/limit_wire.hpp"

namespace proxy::stores::redis {
namespace {

template <class Row>
std::optional<Row> row_named(std::string_view field) {
  const std::size_t first = field.find(':');
  const std::size_t second = field.find(':', first + 1);
  if (second == std::string_view::npos)
    return std::nullopt;
  Row row;
  row.hour = std::atoll(std::string(field.substr(0, first)).c_str());
  row.feature = static_cast<std::uint8_t>(
      std::atoi(std::string(field.substr(first + 1, second - first - 1)).c_str()));
  row.model = field.substr(second + 1);
  return row;
}

bool fill(usage_row& row, std::string_view packed) {
  if (packed.size() != usage_sums::count * 8)
    return false;
  std::size_t index = 0;
  for (std::int64_t usage_sums::*field : usage_sums::fields)
    row.sums.*field = unpack_at(packed, index++);
  return true;
}
bool fill(spread_row& row, std::string_view packed) {
  row.spread = policies::analytics::spread::unpacked(packed);
  return !row.spread.empty();
}

} // namespace

std::string field_of(std::int64_t hour, std::uint8_t feature, std::string_view model) {
  return fmt::format("{}:{}:{}", hour, feature, model);
}

std::string pack(const usage_sums& sums) {
  packer out;
  for (const std::int64_t usage_sums::*field : usage_sums::fields)
    out << sums.*field;
  return std::move(out.text());
}

template <class Row>
std::optional<Row> row_of(std::string_view field, std::string_view packed) {
  auto row = row_named<Row>(field);
  return row && fill(*row, packed) ? row : std::nullopt;
}
template std::optional<usage_row> row_of(std::string_view, std::string_view);
template std::optional<spread_row> row_of(std::string_view, std::string_view);

} // namespace proxy::stores::redis
