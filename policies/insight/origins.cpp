// Cutting addresses to networks, and remembering them.
#include "policies/insight/origins.hpp"

#include <algorithm>

namespace policies::insight {
namespace {

constexpr std::size_t mapped_prefix_bytes = 12; // ::ffff:0:0/96

bool is_v4(const access::ip_address& address) {
  for (std::size_t i = 0; i < 10; ++i)
    if (address.bytes[i] != 0)
      return false;
  return address.bytes[10] == 0xff && address.bytes[11] == 0xff;
}

} // namespace

std::string network_of(const access::ip_address& address) {
  const std::size_t kept = is_v4(address) ? mapped_prefix_bytes + 3 : 6;
  access::ip_network network{address, static_cast<std::uint8_t>(kept * 8)};
  for (std::size_t i = kept; i < network.base.bytes.size(); ++i)
    network.base.bytes[i] = 0;
  return access::to_string(network);
}

std::string site_of(std::string_view text) {
  constexpr std::size_t bytes_max = 120;
  const std::size_t host = text.find("://");
  if (host == std::string_view::npos)
    return {};
  std::string site{text.substr(0, std::min(text.find_first_of("/?#", host + 3), bytes_max))};
  std::ranges::transform(site, site.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c < ' ' || c > '~' ? '?' : c;
  });
  return site;
}

known_places joined(known_places first, const known_places& second) {
  for (const std::string& each : second.places)
    if (std::ranges::find(first.places, each) == first.places.end())
      first.places.push_back(each);
  if (first.places.size() > known_places::places_max)
    first.places.erase(first.places.begin(), first.places.end() - known_places::places_max);
  first.newest = std::max(first.newest, second.newest);
  return first;
}

noted note_place(known_places& known, const std::string& place, instant now,
                 const rule_settings& by) {
  if (std::ranges::find(known.places, place) != known.places.end())
    return {};
  const bool settled = !known.places.empty() && now - known.newest >= by.settled;
  if (known.places.size() >= known_places::places_max)
    known.places.erase(known.places.begin());
  known.places.push_back(place);
  known.newest = now;
  return {true, settled};
}

} // namespace policies::insight
