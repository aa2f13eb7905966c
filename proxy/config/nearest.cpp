// Levenshtein's distance over a handful of names.
#include "proxy/config/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace proxy::config {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

std::string_view nearest(std::string_view name, std::span<const std::string_view> known) {
  const auto best = std::ranges::min_element(
      known, {}, [&](std::string_view each) { return edit_distance(each, name); });
  return best == known.end() ? std::string_view{} : *best;
}

} // namespace proxy::config
