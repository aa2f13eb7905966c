// Which addresses may use a key: IPv4 and IPv6 addresses and CIDR networks.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace policies::access {

// An address as 16 bytes; IPv4 is kept as ::ffff:a.b.c.d, so that a mapped peer equals a plain one.
struct ip_address {
  std::array<std::uint8_t, 16> bytes{};
  bool operator==(const ip_address&) const = default;
};
// Dotted IPv4 or RFC 4291 IPv6 text (with brackets or a zone id: nullopt). Leading zeros in IPv4
// octets are refused: they are octal elsewhere.
std::optional<ip_address> parse_ip(std::string_view text);
std::string to_string(const ip_address& address);

struct ip_network {
  ip_address base;
  std::uint8_t prefix = 128; // bits of the 16 bytes; an IPv4 /24 is 120
  bool contains(const ip_address& address) const;
  // Whether every address of `other` is in this network (delegation may only narrow).
  bool covers(const ip_network& other) const;
  bool operator==(const ip_network&) const = default;
};
// An address or address/prefix. Host bits set are refused with a message that shows the network.
struct parsed_network {
  std::optional<ip_network> network;
  std::string error; // "203.0.113.5/24 has host bits set; did you mean 203.0.113.0/24?"
};
parsed_network parse_network(std::string_view text);
std::string to_string(const ip_network& network);

bool any_contains(std::span<const ip_network> networks, const ip_address& address);

// The client's address behind trusted proxies: walks X-Forwarded-For right to left to the first
// hop that is not trusted. `forwarded_for` are the header's lines in order. A peer that is not
// trusted is itself the client; an entry that is no address stops the walk at the hop before it.
ip_address client_address(const ip_address& peer, std::span<const std::string_view> forwarded_for,
                          std::span<const ip_network> trusted);

} // namespace policies::access
