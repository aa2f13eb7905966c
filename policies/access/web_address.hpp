// An absolute http(s) URL taken apart, strictly: what two readers could take differently is none.
#pragma once

#include <optional>
#include <string_view>

namespace policies::access {

// Views into the text that was read.
struct web_address {
  std::string_view scheme; // in any case
  std::string_view host;   // in any case; an IPv6 address with its brackets
  std::string_view port;   // digits without leading zeros; empty: none given
  std::string_view path;   // empty, or starts with /; without query and fragment
  bool bare = false;       // nothing follows host and port: an origin
};

// User info, an empty port, dot segments, backslashes, blanks and bytes outside ASCII are refused.
std::optional<web_address> read_web_address(std::string_view text);

// "example.com", "127.0.0.1", "[::1]": labels of letters, digits, - and _.
bool is_host(std::string_view text);
// 1 to 65535 without leading zeros.
bool is_port(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
// 80 or 443 for http and https in any case.
std::string_view default_port(std::string_view scheme);

} // namespace policies::access
