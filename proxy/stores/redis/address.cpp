// Reading the URL of a Redis.
#include "proxy/stores/redis/address.hpp"

#include <charconv>

#include <fmt/format.h>

namespace proxy::stores::redis {
namespace {

constexpr std::size_t places_max = 64;
constexpr std::uint16_t sentinel_port = 26379;

failure bad(std::string_view why) {
  return {errc::bad_configuration, fmt::format("the Redis URL {}", why)};
}

template <class T>
bool read_number(std::string_view text, T max, T& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size() && into >= 0 && into <= max;
}

bool read_port(std::string_view text, std::uint16_t& into) {
  int port = 0;
  if (!read_number(text, 65535, port) || port == 0)
    return false;
  into = static_cast<std::uint16_t>(port);
  return true;
}

// The port stays as it is where none is named.
bool take_host(std::string_view authority, place& to) {
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos)
      return false;
    to.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
  } else {
    to.host = authority.substr(0, authority.find(':'));
    authority.remove_prefix(to.host.size());
  }
  if (to.host.empty() || to.host.find_first_of(" \r\n\t,") != std::string::npos)
    return false;
  return authority.empty() ||
         (authority.starts_with(':') && read_port(authority.substr(1), to.port));
}

bool take_scheme(std::string_view& url, address& to) {
  const std::size_t end = url.find("://");
  if (end == std::string_view::npos)
    return false;
  std::string_view scheme = url.substr(0, end);
  url.remove_prefix(end + 3);
  for (const auto& [ending, how] : {std::pair{std::string_view{"+sentinel"}, layout::sentinel},
                                    std::pair{std::string_view{"+cluster"}, layout::cluster}})
    if (scheme.ends_with(ending)) {
      to.how = how;
      scheme.remove_suffix(ending.size());
    }
  to.tls = scheme == "rediss";
  return scheme == "redis" || scheme == "rediss";
}

bool take_places(std::string_view list, address& to) {
  while (to.places.size() < places_max) {
    const std::size_t comma = list.find(',');
    place one;
    one.port = to.how == layout::sentinel ? sentinel_port : place{}.port;
    if (!take_host(list.substr(0, comma), one))
      return false;
    to.places.push_back(std::move(one));
    if (comma == std::string_view::npos)
      return true;
    list.remove_prefix(comma + 1);
  }
  return false;
}

outcome<void> take_path(std::string_view path, address& to) {
  if (to.how == layout::sentinel) {
    const std::size_t slash = path.find('/');
    to.master = path.substr(0, slash);
    path = slash == std::string_view::npos ? "" : path.substr(slash + 1);
    if (to.master.empty() || to.master.find_first_of(" \r\n\t") != std::string::npos)
      return bad("does not say what the sentinels call the master: redis+sentinel://hosts/NAME");
  }
  if (!path.empty() && !read_number(path, 1'000'000, to.database))
    return bad("has a path that is no number of a database");
  if (to.how == layout::cluster && to.database != 0)
    return bad("names a database, but a cluster has only number 0");
  return {};
}

} // namespace

std::string to_string(const place& where) {
  return fmt::format("{}:{}", where.host, where.port);
}

bool read_place(std::string_view text, place& to) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return false;
  to.host = text.substr(0, colon);
  return read_port(text.substr(colon + 1), to.port);
}

outcome<address> parse_address(std::string_view url) {
  address to;
  if (!take_scheme(url, to))
    return bad("does not begin with redis://, redis+sentinel:// or redis+cluster:// (or rediss for "
               "TLS)");
  const std::size_t slash = url.find('/');
  std::string_view authority = url.substr(0, slash);
  const std::string_view path = slash == std::string_view::npos ? "" : url.substr(slash + 1);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    to.user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    if (to.user.find(':') != std::string::npos)
      return bad("has a password in it: say with store.password where that is found");
  }
  if (to.how != layout::standalone) {
    if (!take_places(authority, to))
      return bad(fmt::format("has no valid list of at most {} hosts and ports", places_max));
  } else {
    place only;
    if (!take_host(authority, only))
      return bad("has no valid host and port");
    to.host = only.host;
    to.port = only.port;
  }
  if (auto done = take_path(path, to); !done)
    return done.error();
  return to;
}

} // namespace proxy::stores::redis
