// A mark for each key, network and site; what collides is told once more than needed.
#include "proxy/session/sightings.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

namespace proxy::session {
namespace {

// Scheme and host: a page's path and query are nobody's business.
std::string_view site_in(std::string_view page) {
  constexpr std::size_t bytes_max = 120;
  const std::size_t host = page.find("://");
  if (host == std::string_view::npos)
    return {};
  return page.substr(0, std::min(page.find_first_of("/?#", host + 3), bytes_max));
}

} // namespace

// Addresses by their first bytes, /24 and /48: as they are watched.
std::uint64_t sightings::mark_of(policies::key_id key, const policies::access::ip_address& client,
                                 std::string_view page) {
  auto network = client.bytes;
  const bool mapped = network[0] == 0 && network[10] == 0xff;
  std::fill(network.begin() + (mapped ? 15 : 6), network.end(), std::uint8_t{0});
  std::array<std::uint64_t, 4> parts{};
  std::memcpy(parts.data(), network.data(), network.size());
  parts[2] = std::hash<std::string_view>{}(page);
  parts[3] = key.value;
  std::uint64_t mark = 0;
  for (const std::uint64_t part : parts) {
    mark = (mark ^ part) * 0x9E3779B97F4A7C15u;
    mark ^= mark >> 29;
  }
  return mark | 1; // 0 stands for an empty cell
}

void sightings::note(policies::key_id key, const policies::access::ip_address& client,
                     std::string_view origin, std::string_view referrer) {
  const std::string_view page = site_in(origin.empty() ? referrer : origin);
  const std::uint64_t mark = mark_of(key, client, page);
  std::uint64_t& cell = told_[(mark >> 8) % told_.size()];
  if (cell == mark || fresh_.size() >= fresh_max)
    return;
  cell = mark;
  fresh_.push_back({key, client, std::string(page)});
}

} // namespace proxy::session
