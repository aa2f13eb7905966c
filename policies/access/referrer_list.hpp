// Which web origins and pages may use a key: patterns of scheme, host, port and path, with *.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace policies::access {

// "https://yourdomain.com/*", "https://*.yourdomain.com", "http://localhost:*/*", "yourdomain.com".
// Scheme absent: http and https. `*.` in front of a host: any depth of subdomain, not the host
// itself. Port absent: the scheme's default; `*`: any. Path absent or /*: any; `*` elsewhere in the
// path: any run of characters. Hosts compare without case, paths with it. User info is refused in
// patterns and never matches.
struct referrer_pattern {
  std::string scheme; // empty: http or https
  std::string host;   // lower case, without "*."
  bool subdomains = false;
  std::string port; // empty: default of the scheme; "*": any
  std::string path; // starts with /; "/*" any
  bool operator==(const referrer_pattern&) const = default;
};

struct parsed_referrer {
  std::optional<referrer_pattern> pattern;
  std::string error;
};
parsed_referrer parse_referrer(std::string_view text);
std::string to_string(const referrer_pattern& pattern);

// `referer` as sent; a value that cannot be parsed as an absolute http(s) URL never matches.
bool matches(const referrer_pattern& pattern, std::string_view referer);
// An Origin has no path: it matches by scheme, host and port alone.
bool matches_origin(const referrer_pattern& pattern, std::string_view origin);

// Referer, else Origin; neither: not allowed where there is a list. An empty list allows all.
bool referrer_allowed(std::span<const referrer_pattern> patterns, std::string_view referer,
                      std::string_view origin);

} // namespace policies::access
