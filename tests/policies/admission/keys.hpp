// Keys and chains as the tests of admission want them.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "policies/keys/key_record.hpp"

namespace tests {

using policies::instant;
using policies::milliseconds;
using policies::nano_usd;
using policies::tokens;
using policies::keys::key_record;
using namespace std::chrono_literals;

// Wednesday 2026-11-18, 12:00:00 UTC: off-peak, an hour and more from any peak.
inline const instant noon = std::chrono::sys_days{std::chrono::year{2026} / 11 / 18} + 12h;

inline key_record plain_key() {
  key_record key = policies::keys::defaults_of(policies::keys::key_type::production);
  key.id = policies::key_id{0x123456789};
  key.name = "app";
  return key;
}

inline key_record group(std::string name) {
  key_record parent = plain_key();
  parent.id = policies::key_id{0x987654321};
  parent.name = std::move(name);
  parent.is_group = true;
  return parent;
}

inline policies::access::ip_network network(std::string_view text) {
  return policies::access::parse_network(text).network.value();
}

inline policies::access::ip_address address(std::string_view text) {
  return policies::access::parse_ip(text).value();
}

inline policies::access::referrer_pattern page(std::string_view text) {
  return policies::access::parse_referrer(text).pattern.value();
}

using chain = std::vector<const key_record*>;

inline bool says(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

} // namespace tests
