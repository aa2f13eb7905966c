// Where a Redis is and as whom to speak to it, read from a URL.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/error.hpp"

namespace proxy::stores::redis {

struct place {
  std::string host{};
  std::uint16_t port = 6379;
  auto operator<=>(const place&) const = default;
};
std::string to_string(const place& where); // "host:port"
// "host:port", the port after the last colon, as Redis writes it.
bool read_place(std::string_view text, place& to);

// One Redis; the master that sentinels name; or nodes that share the keys.
enum class layout : std::uint8_t { standalone, sentinel, cluster };

struct address {
  bool tls = false;
  std::string host{}; // standalone
  std::uint16_t port = 6379;
  std::string user{};     // empty: the default user
  std::string password{}; // empty: none; never from the URL
  int database = 0;
  layout how = layout::standalone;
  std::vector<place> places{};     // sentinel, cluster: whom to ask where Redis is
  std::string master{};            // sentinel: what they call it
  std::string sentinel_password{}; // empty: none
};

// redis://[user@]host[:port][/db]
// redis+sentinel://[user@]host[:port],host[:port]/name[/db]
// redis+cluster://[user@]host[:port],host[:port]
// rediss for redis: with TLS.
outcome<address> parse_address(std::string_view url);

} // namespace proxy::stores::redis
