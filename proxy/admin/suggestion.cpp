// Edit distance over short names.
#include "proxy/admin/suggestion.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace proxy::admin {
namespace {

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

} // namespace

std::string suggestion(std::string_view name, std::span<const std::string_view> known) {
  constexpr std::size_t length_max = 64; // nobody mistypes more
  if (known.empty())
    return "; there is none here";
  std::string all;
  std::string_view nearest;
  std::size_t least = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string_view each : known) {
    all += (all.empty() ? "" : ", ") + std::string(each);
    if (name.size() > length_max)
      continue;
    if (const std::size_t far = distance(name, each); far < least) {
      least = far;
      nearest = each;
    }
  }
  if (nearest.empty())
    return "; known are " + all;
  return "; did you mean '" + std::string(nearest) + "'?";
}

} // namespace proxy::admin
