// Reading the URL of a Redis.
#include "proxy/stores/redis/address.hpp"

#include <charconv>

#include <fmt/format.h>

namespace proxy::stores::redis {
namespace {

failure bad(std::string_view why) {
  return {errc::bad_configuration, fmt::format("the Redis URL {}", why)};
}

template <class T>
bool read_number(std::string_view text, T max, T& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size() && into >= 0 && into <= max;
}

bool take_host(std::string_view authority, address& to) {
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
  int port = 0;
  if (authority.empty())
    return true;
  if (!authority.starts_with(':') || !read_number(authority.substr(1), 65535, port) || port == 0)
    return false;
  to.port = static_cast<std::uint16_t>(port);
  return true;
}

} // namespace

outcome<address> parse_address(std::string_view url) {
  address to;
  constexpr std::string_view plain = "redis://", secure = "rediss://";
  if (url.starts_with(plain))
    url.remove_prefix(plain.size());
  else if (url.starts_with(secure))
    url.remove_prefix(secure.size()), to.tls = true;
  else
    return bad("does not begin with redis:// or rediss:// (Sentinel and Cluster are not supported "
               "in this version)");
  const std::size_t slash = url.find('/');
  std::string_view authority = url.substr(0, slash);
  const std::string_view path = slash == std::string_view::npos ? "" : url.substr(slash + 1);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    to.user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    if (to.user.find(':') != std::string::npos)
      return bad("has a password in it: say with store.password where that is found");
  }
  if (!take_host(authority, to))
    return bad("has no valid host and port");
  if (!path.empty() && !read_number(path, 1'000'000, to.database))
    return bad("has a path that is no number of a database");
  return to;
}

} // namespace proxy::stores::redis
