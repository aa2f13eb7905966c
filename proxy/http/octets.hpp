// Bytes as HTTP sees them: character classes, case-insensitive equality, numbers. It knows no
// message and no field.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace proxy::http {

enum octet_class : std::uint8_t {
  token_octet = 1,  // tchar of RFC 9110, 5.6.2
  value_octet = 2,  // what a field's value may hold: VCHAR, obs-text, space and tab
  target_octet = 4, // what a request target may hold: RFC 3986, and [ ] as clients send them
  host_octet = 8,   // a registered name or an IPv4 address
  digit_octet = 16,
  hex_octet = 32,
};

constexpr std::uint8_t classes_of(unsigned octet) {
  const auto c = static_cast<char>(octet);
  const auto is_in = [](std::string_view set, char x) {
    return set.find(x) != std::string_view::npos;
  };
  const bool digit = octet >= '0' && octet <= '9';
  const bool alpha = (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z');
  const bool hex = digit || (octet >= 'a' && octet <= 'f') || (octet >= 'A' && octet <= 'F');
  const bool visible = octet > 0x20 && octet < 0x7f;
  unsigned classes = 0;
  if (digit || alpha || (visible && is_in("!#$%&'*+-.^_`|~", c)))
    classes |= token_octet;
  if (octet == '\t' || (octet >= 0x20 && octet != 0x7f))
    classes |= value_octet;
  if (visible && !is_in("\"#<>\\^`{|}", c))
    classes |= target_octet;
  if (digit || alpha || (visible && is_in("-._~", c)))
    classes |= host_octet;
  if (digit)
    classes |= digit_octet;
  if (hex)
    classes |= hex_octet;
  return static_cast<std::uint8_t>(classes);
}

inline constexpr auto octet_classes = [] {
  std::array<std::uint8_t, 256> table{};
  for (unsigned octet = 0; octet < table.size(); ++octet)
    table[octet] = classes_of(octet);
  return table;
}();

constexpr bool is(octet_class wanted, char c) {
  return (octet_classes[static_cast<unsigned char>(c)] & wanted) != 0;
}
constexpr bool all_are(octet_class wanted, std::string_view text) {
  unsigned common = wanted; // no early way out: texts are short and mostly good
  for (const char c : text)
    common &= octet_classes[static_cast<unsigned char>(c)];
  return common != 0;
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size())
    return false;
  if (a == b) // the usual spelling
    return true;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i]))
      return false;
  return true;
}

constexpr std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

// Any hexadecimal digit's value; others are not asked for.
constexpr unsigned hex_value(char c) {
  return c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>((c | 0x20) - 'a' + 10);
}

// 1*DIGIT without leading zeros, below 2^63: the one spelling of a length that every reader takes
// for the same number.
constexpr std::optional<std::uint64_t> read_length(std::string_view text) {
  if (text.empty() || text.size() > 19 || (text.size() > 1 && text.front() == '0'))
    return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is(digit_octet, c))
      return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > INT64_MAX)
    return std::nullopt;
  return value;
}

// Calls visit(element) for each element of a comma-separated list, empty ones left out; stops and
// returns false when it returns false.
template <class Visitor>
constexpr bool for_each_element(std::string_view list, Visitor&& visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view element = trimmed(list.substr(0, comma));
    if (!element.empty() && !visit(element))
      return false;
    if (comma == std::string_view::npos)
      break;
    list.remove_prefix(comma + 1);
  }
  return true;
}

} // namespace proxy::http
