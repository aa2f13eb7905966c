// Reads patterns of web pages and compares what browsers send with them.
#include "policies/access/referrer_list.hpp"

#include <algorithm>
#include <utility>

#include "policies/access/web_address.hpp"

namespace policies::access {
namespace {

constexpr std::size_t pattern_length_max = 512;
constexpr std::string_view any_path = "/*";

std::string lowered(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c + 32);
  return out;
}

// Whether a "*." in front of the host can mean subdomains: an address has none.
bool can_have_subdomains(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return !host.starts_with('[') &&
         !std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
}

// The parts of a pattern as they are read, one after the other; what is wrong, or nothing.
class pattern_reader {
 public:
  explicit pattern_reader(std::string_view text) : rest_(text) {}

  std::string_view read(referrer_pattern& into) {
    if (rest_.empty() || rest_.size() > pattern_length_max)
      return "a pattern has 1 to 512 characters";
    if (!std::ranges::all_of(rest_, [](char c) { return c > ' ' && c < '\x7f' && c != '\\'; }))
      return "only visible ASCII characters can stand in a pattern (write IDN hosts as xn--...)";
    if (const std::string_view wrong = read_scheme(into); !wrong.empty())
      return wrong;
    const std::size_t slash = std::min(rest_.find_first_of("/?#"), rest_.size());
    const std::string_view authority = rest_.substr(0, slash);
    rest_.remove_prefix(slash);
    if (const std::string_view wrong = read_authority(authority, into); !wrong.empty())
      return wrong;
    return read_path(into);
  }

 private:
  std::string_view read_scheme(referrer_pattern& into) {
    const std::size_t mark = rest_.find("://");
    if (mark == std::string_view::npos)
      return {};
    into.scheme = lowered(rest_.substr(0, mark));
    rest_.remove_prefix(mark + 3);
    return into.scheme == "http" || into.scheme == "https"
               ? std::string_view{}
               : "the scheme must be http or https, or left out for both";
  }

  static std::string_view read_authority(std::string_view authority, referrer_pattern& into) {
    if (authority.find('@') != std::string_view::npos)
      return "user info (...@) never matches";
    const std::size_t bracket = authority.rfind(']');
    const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    std::string_view host = authority.substr(0, colon);
    into.subdomains = host.starts_with("*.");
    if (into.subdomains)
      host.remove_prefix(2);
    if (!is_host(host))
      return "the host must be a name or an address, with *. in front for its subdomains; "
             "to allow every page leave the list empty";
    if (into.subdomains && !can_have_subdomains(host))
      return "an address has no subdomains";
    into.host = lowered(host);
    if (colon == std::string_view::npos)
      return {};
    into.port = authority.substr(colon + 1);
    return into.port == "*" || is_port(into.port) ? std::string_view{}
                                                  : "the port must be 1 to 65535, or *";
  }

  std::string_view read_path(referrer_pattern& into) const {
    if (rest_.find_first_of("?#") != std::string_view::npos)
      return "query and fragment are not compared: end the pattern before ? or #";
    into.path = rest_.empty() ? any_path : rest_;
    return {};
  }

  std::string_view rest_;
};

bool host_matches(const referrer_pattern& pattern, std::string_view host) {
  if (!pattern.subdomains)
    return equal_ignoring_case(host, pattern.host);
  if (host.size() < pattern.host.size() + 2)
    return false;
  const std::size_t from = host.size() - pattern.host.size();
  return host[from - 1] == '.' && equal_ignoring_case(host.substr(from), pattern.host);
}

bool site_matches(const referrer_pattern& pattern, const web_address& address) {
  if (!pattern.scheme.empty() && !equal_ignoring_case(address.scheme, pattern.scheme))
    return false;
  if (!host_matches(pattern, address.host))
    return false;
  if (pattern.port == "*")
    return true;
  const std::string_view standard = default_port(address.scheme);
  return (address.port.empty() ? standard : address.port) ==
         (pattern.port.empty() ? standard : pattern.port);
}

// Pieces between stars, each at its leftmost place: no other choice could match where that fails.
bool path_matches(std::string_view pattern, std::string_view path) {
  const std::size_t first = pattern.find('*');
  if (first == std::string_view::npos)
    return path == pattern;
  const std::size_t last = pattern.rfind('*');
  const std::string_view head = pattern.substr(0, first);
  const std::string_view end = pattern.substr(last + 1);
  if (path.size() < head.size() + end.size() || !path.starts_with(head) || !path.ends_with(end))
    return false;
  path = path.substr(head.size(), path.size() - head.size() - end.size());
  pattern = pattern.substr(first, last - first);
  while (!pattern.empty()) {
    pattern.remove_prefix(1);
    const std::string_view piece = pattern.substr(0, std::min(pattern.find('*'), pattern.size()));
    const std::size_t at = path.find(piece);
    if (at == std::string_view::npos)
      return false;
    path.remove_prefix(at + piece.size());
    pattern.remove_prefix(piece.size());
  }
  return true;
}

} // namespace

parsed_referrer parse_referrer(std::string_view text) {
  referrer_pattern pattern;
  const std::string_view wrong = pattern_reader{text}.read(pattern);
  if (wrong.empty())
    return {.pattern = std::move(pattern), .error = {}};
  return {.pattern = std::nullopt,
          .error = "\"" + std::string{text.substr(0, 64)} + "\": " + std::string{wrong}};
}

std::string to_string(const referrer_pattern& pattern) {
  std::string text = pattern.scheme.empty() ? std::string{} : pattern.scheme + "://";
  if (pattern.subdomains)
    text += "*.";
  text += pattern.host;
  if (!pattern.port.empty())
    text += ":" + pattern.port;
  return text + pattern.path;
}

bool matches(const referrer_pattern& pattern, std::string_view referer) {
  const auto address = read_web_address(referer);
  if (!address || !site_matches(pattern, *address))
    return false;
  return path_matches(pattern.path, address->path.empty() ? "/" : address->path);
}

bool matches_origin(const referrer_pattern& pattern, std::string_view origin) {
  const auto address = read_web_address(origin);
  return address && address->bare && site_matches(pattern, *address);
}

bool referrer_allowed(std::span<const referrer_pattern> patterns, std::string_view referer,
                      std::string_view origin) {
  if (patterns.empty())
    return true;
  return std::ranges::any_of(patterns, [&](const referrer_pattern& each) {
    return referer.empty() ? matches_origin(each, origin) : matches(each, referer);
  });
}

} // namespace policies::access
