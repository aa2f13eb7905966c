// Who the client is behind proxies. Only what a trusted proxy wrote is believed: each hop appends
// the address it was called from, so the list is read from its end.
#include "policies/access/ip_list.hpp"

#include <algorithm>

namespace policies::access {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const std::size_t from = text.find_first_not_of(blanks);
  if (from == std::string_view::npos)
    return {};
  return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

bool digits_of_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// An address, as some balancers write it also with a port: 203.0.113.7:1234, [2001:db8::1]:1234.
std::optional<ip_address> read_hop(std::string_view entry) {
  if (entry.starts_with('[')) {
    const std::size_t end = entry.find(']');
    if (end == std::string_view::npos)
      return std::nullopt;
    const std::string_view inner = entry.substr(1, end - 1);
    const std::string_view rest = entry.substr(end + 1);
    const bool good_rest = rest.empty() || (rest.front() == ':' && digits_of_port(rest.substr(1)));
    const bool ipv6 = inner.find(':') != std::string_view::npos;
    return good_rest && ipv6 ? parse_ip(inner) : std::nullopt;
  }
  const std::size_t colon = entry.find(':');
  if (colon != std::string_view::npos && colon == entry.rfind(':'))
    return digits_of_port(entry.substr(colon + 1)) ? parse_ip(entry.substr(0, colon))
                                                   : std::nullopt;
  return parse_ip(entry);
}

} // namespace

ip_address client_address(const ip_address& peer, std::span<const std::string_view> forwarded_for,
                          std::span<const ip_network> trusted) {
  ip_address client = peer;
  for (std::size_t line = forwarded_for.size(); line-- > 0;) {
    std::string_view rest = forwarded_for[line];
    for (;;) {
      if (!any_contains(trusted, client))
        return client;
      const std::size_t comma = rest.rfind(',');
      const std::size_t from = comma == std::string_view::npos ? 0 : comma + 1;
      const auto hop = read_hop(trimmed(rest.substr(from)));
      if (!hop)
        return client;
      client = *hop;
      if (from == 0)
        break;
      rest = rest.substr(0, comma);
    }
  }
  return client;
}

} // namespace policies::access
