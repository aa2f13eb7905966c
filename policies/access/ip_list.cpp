// Reads and writes addresses and networks as RFC 4291, 4632 and 5952 spell them, and decides
// whether one holds another. Text that several readers would take differently is refused.
#include "policies/access/ip_list.hpp"

#include <algorithm>
#include <charconv>

namespace policies::access {
namespace {

constexpr int ipv4_prefix = 96; // where the IPv4 part of ::ffff:a.b.c.d begins
constexpr std::size_t groups = 8;

constexpr bool is_mapped(const ip_address& address) {
  for (std::size_t i = 0; i < 10; ++i)
    if (address.bytes[i] != 0)
      return false;
  return address.bytes[10] == 0xFF && address.bytes[11] == 0xFF;
}

// A decimal number without sign or leading zeros, at most `most`.
std::optional<int> read_decimal(std::string_view text, int most) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text.front() == '0'))
    return std::nullopt;
  int value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9')
      return std::nullopt;
    value = value * 10 + (digit - '0');
  }
  return value <= most ? std::optional{value} : std::nullopt;
}

// One to four hex digits.
std::optional<std::uint16_t> read_group(std::string_view text) {
  std::uint16_t value = 0;
  if (text.empty() || text.size() > 4)
    return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::optional<std::array<std::uint8_t, 4>> read_ipv4(std::string_view text) {
  std::array<std::uint8_t, 4> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos)
      return std::nullopt;
    const auto octet = read_decimal(text.substr(0, dot), 255);
    if (!octet)
      return std::nullopt;
    octets[i] = static_cast<std::uint8_t>(*octet);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return octets;
}

// Colon-separated groups of one side of "::", the last of which may be IPv4 where `tail`.
struct group_list {
  std::array<std::uint16_t, groups> values{};
  std::size_t count = 0;

  bool add(std::uint16_t value) {
    if (count == groups)
      return false;
    values[count++] = value;
    return true;
  }

  bool read(std::string_view text, bool tail) {
    while (!text.empty()) {
      const std::size_t colon = text.find(':');
      const std::string_view part = text.substr(0, colon);
      const bool last = colon == std::string_view::npos;
      if (last && tail && part.find('.') != std::string_view::npos) {
        const auto octets = read_ipv4(part);
        return octets && add(static_cast<std::uint16_t>((*octets)[0] << 8 | (*octets)[1])) &&
               add(static_cast<std::uint16_t>((*octets)[2] << 8 | (*octets)[3]));
      }
      const auto value = read_group(part);
      if (!value || !add(*value))
        return false;
      if (last)
        return true;
      text.remove_prefix(colon + 1);
      if (text.empty())
        return false;
    }
    return true;
  }
};

std::optional<ip_address> read_ipv6(std::string_view text) {
  const std::size_t gap = text.find("::");
  const bool whole = gap == std::string_view::npos;
  group_list head;
  group_list rest;
  if (!head.read(text.substr(0, gap), whole))
    return std::nullopt;
  if (!whole && !rest.read(text.substr(gap + 2), true))
    return std::nullopt;
  const std::size_t known = head.count + rest.count;
  if (whole ? known != groups : known >= groups)
    return std::nullopt;
  std::copy_n(rest.values.begin(), rest.count,
              head.values.end() - static_cast<std::ptrdiff_t>(rest.count));
  ip_address address;
  for (std::size_t i = 0; i < groups; ++i) {
    address.bytes[2 * i] = static_cast<std::uint8_t>(head.values[i] >> 8);
    address.bytes[2 * i + 1] = static_cast<std::uint8_t>(head.values[i] & 0xFF);
  }
  return address;
}

std::string ipv4_text(const ip_address& address) {
  std::string text;
  for (std::size_t i = 12; i < 16; ++i) {
    if (i > 12)
      text += '.';
    text += std::to_string(address.bytes[i]);
  }
  return text;
}

// The longest run of two or more zero groups, the first of equals: it becomes "::".
struct zero_run {
  std::size_t at = groups;
  std::size_t length = 0;
};

zero_run longest_zero_run(const std::array<unsigned, groups>& values) {
  zero_run best;
  for (std::size_t i = 0; i < groups;) {
    std::size_t end = i;
    while (end < groups && values[end] == 0)
      ++end;
    if (end - i >= 2 && end - i > best.length)
      best = {.at = i, .length = end - i};
    i = std::max(end, i + 1);
  }
  return best;
}

std::string ipv6_text(const ip_address& address) {
  std::array<unsigned, groups> values{};
  for (std::size_t i = 0; i < groups; ++i)
    values[i] = static_cast<unsigned>(address.bytes[2 * i]) << 8 | address.bytes[2 * i + 1];
  const zero_run gap = longest_zero_run(values);
  std::string text;
  for (std::size_t i = 0; i < groups;) {
    if (i == gap.at) {
      text += "::";
      i += gap.length;
      continue;
    }
    if (!text.empty() && text.back() != ':')
      text += ':';
    std::array<char, 4> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), values[i], 16).ptr;
    text.append(digits.data(), end);
    ++i;
  }
  return text;
}

ip_address masked(ip_address address, int prefix) {
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(prefix - 8 * i, 0, 8);
    auto& byte = address.bytes[static_cast<std::size_t>(i)];
    byte = static_cast<std::uint8_t>(byte & (0xFF00 >> kept));
  }
  return address;
}

} // namespace

std::optional<ip_address> parse_ip(std::string_view text) {
  if (text.find(':') != std::string_view::npos)
    return read_ipv6(text);
  const auto octets = read_ipv4(text);
  if (!octets)
    return std::nullopt;
  ip_address address;
  address.bytes[10] = address.bytes[11] = 0xFF;
  std::ranges::copy(*octets, address.bytes.begin() + 12);
  return address;
}

std::string to_string(const ip_address& address) {
  return is_mapped(address) ? ipv4_text(address) : ipv6_text(address);
}

bool ip_network::contains(const ip_address& address) const {
  return masked(address, prefix) == masked(base, prefix);
}

bool ip_network::covers(const ip_network& other) const {
  return other.prefix >= prefix && contains(other.base);
}

parsed_network parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address_text = text.substr(0, slash);
  const auto address = parse_ip(address_text);
  if (!address)
    return {.network = std::nullopt,
            .error = "\"" + std::string{text.substr(0, 64)} +
                     "\" is no IPv4 or IPv6 address or network; write 203.0.113.7, " +
                     "203.0.113.0/24 or 2001:db8::/32"};
  const bool dotted = address_text.find(':') == std::string_view::npos;
  const int most = dotted ? 32 : 128;
  std::optional<int> prefix = most;
  if (slash != std::string_view::npos)
    prefix = read_decimal(text.substr(slash + 1), most);
  if (!prefix)
    return {.network = std::nullopt,
            .error = "\"" + std::string{text.substr(0, 64)} +
                     "\": the prefix length must be a number from 0 to " + std::to_string(most)};
  const int bits = dotted ? *prefix + ipv4_prefix : *prefix;
  const ip_network network{.base = masked(*address, bits),
                           .prefix = static_cast<std::uint8_t>(bits)};
  if (network.base != *address)
    return {.network = std::nullopt,
            .error =
                std::string{text} + " has host bits set; did you mean " + to_string(network) + "?"};
  return {.network = network, .error = {}};
}

std::string to_string(const ip_network& network) {
  const bool dotted = is_mapped(network.base) && network.prefix >= ipv4_prefix;
  const int prefix = dotted ? network.prefix - ipv4_prefix : network.prefix;
  std::string text = dotted ? ipv4_text(network.base) : ipv6_text(network.base);
  if (network.prefix < 128)
    text += "/" + std::to_string(prefix);
  return text;
}

bool any_contains(std::span<const ip_network> networks, const ip_address& address) {
  return std::ranges::any_of(networks,
                             [&](const ip_network& each) { return each.contains(address); });
}

} // namespace policies::access
