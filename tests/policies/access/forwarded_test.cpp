// Who is believed about the client's address.
#include <string>
#include <vector>

#include "policies/access/ip_list.hpp"
#include "tests/support/catch.hpp"

using namespace policies::access;

namespace {

ip_address ip(std::string_view text) {
  const auto address = parse_ip(text);
  INFO(text);
  REQUIRE(address);
  return *address;
}

ip_network net(std::string_view text) {
  const parsed_network parsed = parse_network(text);
  INFO(text << ": " << parsed.error);
  REQUIRE(parsed.network);
  return *parsed.network;
}

} // namespace

TEST_CASE("client_address: the nearest hop that no trusted proxy vouches for") {
  const std::vector<ip_network> trusted{net("10.0.0.0/8"), net("2001:db8::/32")};
  struct walk {
    std::string_view peer;
    std::vector<std::string_view> lines;
    std::string_view client;
  };
  for (const walk& each : std::vector<walk>{
           {"198.51.100.1", {}, "198.51.100.1"},
           {"198.51.100.1", {"203.0.113.7"}, "198.51.100.1"},
           {"10.0.0.1", {}, "10.0.0.1"},
           {"10.0.0.1", {"203.0.113.7"}, "203.0.113.7"},
           {"10.0.0.1", {"1.1.1.1, 203.0.113.7"}, "203.0.113.7"},
           {"10.0.0.1", {"1.1.1.1, 203.0.113.7 ,\t10.0.0.2"}, "203.0.113.7"},
           {"10.0.0.1", {"1.1.1.1", "203.0.113.7", "10.0.0.3,10.0.0.2"}, "203.0.113.7"},
           {"10.0.0.1", {"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
           {"2001:db8::1", {"2a00::7"}, "2a00::7"},
           {"::ffff:10.0.0.1", {"::ffff:203.0.113.7"}, "203.0.113.7"},
           {"10.0.0.1", {"203.0.113.7:4711"}, "203.0.113.7"},
           {"10.0.0.1", {"[2a00::7]:4711"}, "2a00::7"},
           {"10.0.0.1", {"[2a00::7]"}, "2a00::7"},
       }) {
    CAPTURE(each.peer, each.lines);
    CHECK(to_string(client_address(ip(each.peer), each.lines, trusted)) == each.client);
  }
}

TEST_CASE("client_address: an entry that is no address stops the walk before it") {
  const std::vector<ip_network> trusted{net("10.0.0.0/8")};
  for (const std::string_view bad :
       {"", "unknown", "_hidden", "203.0.113.07", "203.0.113.7:", "203.0.113.7:x",
        "203.0.113.7:123456", "[203.0.113.7]", "[2a00::7", "[2a00::7]x",
        "[2a00::7]:", "for=203.0.113.7", "203.0.113.7 203.0.113.8", "\"203.0.113.7\""}) {
    const std::string line = "1.1.1.1, " + std::string{bad} + ", 10.0.0.2";
    const std::vector<std::string_view> lines{line};
    CAPTURE(line);
    CHECK(to_string(client_address(ip("10.0.0.1"), lines, trusted)) == "10.0.0.2");
  }
}

TEST_CASE("client_address: nobody is trusted by default, not even loopback") {
  const std::vector<std::string_view> lines{"203.0.113.7"};
  CHECK(client_address(ip("127.0.0.1"), lines, {}) == ip("127.0.0.1"));
}
