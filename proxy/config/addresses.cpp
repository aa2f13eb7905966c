// Reading listen addresses and the upstream's URL.
#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "proxy/config/setting_kinds.hpp"

namespace proxy::config {
namespace {

std::optional<std::uint16_t> port_in(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return port;
}

bool is_address(int family, const std::string& host) {
  in6_addr ignored{};
  if (host.find('\0') != std::string::npos)
    return false; // inet_pton would read up to there
  return ::inet_pton(family, host.c_str(), &ignored) == 1;
}

bool is_host(std::string_view host) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
  return !host.empty() && host.find_first_not_of(allowed) == std::string_view::npos;
}

// What may stand in a request line as it is.
bool is_path(std::string_view path) {
  return std::ranges::all_of(path, [](char c) {
    return c > ' ' && c < 0x7f &&
           std::string_view{"?#%\"<>\\^`{|}"}.find(c) == std::string_view::npos;
  });
}

failure bad_url(std::string_view url, std::string_view why) {
  return {errc::bad_configuration, kinds::in_quotes(url) + " " + std::string(why)};
}

} // namespace

std::optional<host_port> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  const auto port = port_in(text.substr(colon + 1));
  std::string host{text.substr(0, colon)};
  if (!port)
    return std::nullopt;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (!is_address(AF_INET6, host))
      return std::nullopt;
    return host_port{host, *port};
  }
  if (host == "localhost")
    host = "127.0.0.1";
  if (!is_address(AF_INET, host))
    return std::nullopt;
  return host_port{host, *port};
}

outcome<upstream_address> parse_upstream(std::string_view url) {
  upstream_address to;
  std::string_view rest = url;
  // First of all, so that no other complaint repeats a password.
  if (url.find('@') != std::string_view::npos)
    return failure{errc::bad_configuration,
                   "the URL has user information (an @), which it may not"};
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
    to.tls = false;
    to.port = 80;
  } else {
    return bad_url(url, "does not begin with http:// or https://");
  }
  const std::size_t slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos)
    to.base_path = rest.substr(slash);
  while (to.base_path.ends_with('/'))
    to.base_path.pop_back();
  if (!is_path(to.base_path))
    return bad_url(url, "has a query, a fragment, an escape or a blank, which it may not");
  if (const std::size_t colon = authority.rfind(':');
      colon != std::string_view::npos && authority.back() != ']') {
    const auto port = port_in(authority.substr(colon + 1));
    if (!port || *port == 0)
      return bad_url(url, "has no valid port");
    to.port = *port;
    authority = authority.substr(0, colon);
  }
  const bool bracketed =
      authority.size() > 2 && authority.front() == '[' && authority.back() == ']';
  to.host = bracketed ? authority.substr(1, authority.size() - 2) : authority;
  if (bracketed ? !is_address(AF_INET6, to.host) : !is_host(authority))
    return bad_url(url, "has no valid host");
  return to;
}

} // namespace proxy::config
