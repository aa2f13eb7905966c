// From where a key is used, and whether a new place is worth telling: only of a key that has come
// from known places for days. One that roams is never settled, and never told of.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policies/access/ip_list.hpp"
#include "policies/insight/rule.hpp"
#include "policies/insight/rule_settings.hpp"

namespace policies::insight {

// "203.0.113.0/24", "2001:db8:7::/48": what one customer of a provider has.
std::string network_of(const access::ip_address& address);
// "https://app.example.com" of an Origin or a Referer; at most 120 bytes.
std::string site_of(std::string_view origin_or_referrer);

// Networks, or sites, of one key. `places_max`: beyond, the oldest are forgotten.
struct known_places {
  static constexpr std::size_t places_max = 64;
  std::vector<std::string> places; // in order of first sight
  instant newest{};                // a place was new then
};

// What two proxies know of one key, `first`'s places before the others.
known_places joined(known_places first, const known_places& second);

struct noted {
  bool is_new = false; // `known` has changed
  bool to_tell = false;
};
noted note_place(known_places& known, const std::string& place, instant now,
                 const rule_settings& by);

} // namespace policies::insight
