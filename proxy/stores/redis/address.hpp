// Where a Redis is and as whom to speak to it, read from a URL.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/error.hpp"

namespace proxy::stores::redis {

struct address {
  bool tls = false;
  std::string host{};
  std::uint16_t port = 6379;
  std::string user{};     // empty: the default user
  std::string password{}; // empty: none; never from the URL
  int database = 0;
};

// redis://[user@]host[:port][/db], rediss:// with TLS.
outcome<address> parse_address(std::string_view url);

} // namespace proxy::stores::redis
