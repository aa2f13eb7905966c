// Cuts an absolute http(s) URL at its delimiters (RFC 3986) and looks at every part.
#include "policies/access/web_address.hpp"

#include <algorithm>

#include "policies/access/ip_list.hpp"

namespace policies::access {
namespace {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_label(std::string_view text) {
  const auto allowed = [](char c) {
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '_';
  };
  return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, allowed);
}

// A dot may also be written as %2e.
bool is_dot_segment(std::string_view segment) {
  int dots = 0;
  while (!segment.empty()) {
    const bool escaped = equal_ignoring_case(segment.substr(0, 3), "%2e");
    if (!escaped && segment.front() != '.')
      return false;
    segment.remove_prefix(escaped ? 3 : 1);
    ++dots;
  }
  return dots == 1 || dots == 2;
}

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (is_dot_segment(path.substr(0, slash)))
      return true;
    path.remove_prefix(slash);
  }
  return false;
}

bool split_authority(std::string_view authority, web_address& into) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  into.host = authority.substr(0, colon);
  if (!is_host(into.host))
    return false;
  if (colon == std::string_view::npos)
    return true;
  into.port = authority.substr(colon + 1);
  return is_port(into.port);
}

} // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view default_port(std::string_view scheme) {
  return scheme.size() == 5 ? "443" : "80";
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || text.front() == '0' ||
      !std::ranges::all_of(text, is_digit))
    return false;
  return text.size() < 5 || text <= "65535";
}

bool is_host(std::string_view text) {
  if (text.starts_with('[')) {
    const std::string_view inner = text.substr(1, text.size() - 2);
    return text.size() > 2 && text.ends_with(']') && inner.find(':') != std::string_view::npos &&
           parse_ip(inner).has_value();
  }
  if (text.size() > 253)
    return false;
  for (;;) {
    const std::size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot)))
      return false;
    if (dot == std::string_view::npos)
      return true;
    text.remove_prefix(dot + 1);
  }
}

std::optional<web_address> read_web_address(std::string_view text) {
  const auto printable = [](char c) { return c > ' ' && c < '\x7f' && c != '\\'; };
  if (!std::ranges::all_of(text, printable))
    return std::nullopt;
  web_address address;
  const std::size_t mark = text.find("://");
  address.scheme = text.substr(0, mark);
  if (mark == std::string_view::npos || !(equal_ignoring_case(address.scheme, "http") ||
                                          equal_ignoring_case(address.scheme, "https")))
    return std::nullopt;
  text.remove_prefix(mark + 3);
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  if (!split_authority(text.substr(0, end), address))
    return std::nullopt;
  address.bare = end == text.size();
  text.remove_prefix(end);
  address.path = text.substr(0, text.find_first_of("?#"));
  if (has_dot_segment(address.path))
    return std::nullopt;
  return address;
}

} // namespace policies::access
