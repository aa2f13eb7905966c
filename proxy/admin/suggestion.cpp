// The nearest of a few short names, or all of them.
#include "proxy/admin/suggestion.hpp"

#include <algorithm>

#include "proxy/config/nearest.hpp"

namespace proxy::admin {
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
    if (const std::size_t far = config::edit_distance(name, each); far < least) {
      least = far;
      nearest = each;
    }
  }
  if (nearest.empty())
    return "; known are " + all;
  return "; did you mean '" + std::string(nearest) + "'?";
}

} // namespace proxy::admin
