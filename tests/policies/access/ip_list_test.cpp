// Addresses and networks: every spelling that is taken, and every one that is refused.
#include <initializer_list>
#include <random>
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

TEST_CASE("ip: texts and their canonical form") {
  struct spelling {
    std::string_view text;
    std::string_view canonical;
  };
  for (const auto& [text, canonical] : std::initializer_list<spelling>{
           {"0.0.0.0", "0.0.0.0"},
           {"203.0.113.255", "203.0.113.255"},
           {"::ffff:203.0.113.7", "203.0.113.7"},
           {"::FFFF:cb00:7107", "203.0.113.7"},
           {"::", "::"},
           {"::1", "::1"},
           {"1::", "1::"},
           {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
           {"2001:0db8::0001", "2001:db8::1"},
           {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
           {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
           {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
           {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
           {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
           {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
           {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
           {"::ffff:0:1.2.3.4", "::ffff:0:102:304"},
       }) {
    CHECK(to_string(ip(text)) == canonical);
    CHECK(ip(canonical) == ip(text));
  }
}

TEST_CASE("ip: a mapped peer equals a plain one, and no other IPv6 address does") {
  CHECK(ip("::ffff:10.1.2.3") == ip("10.1.2.3"));
  CHECK_FALSE(ip("::10.1.2.3") == ip("10.1.2.3"));
}

TEST_CASE("ip: what is no address, or may be read as another one, is refused") {
  for (const std::string_view text : {"",
                                      " ",
                                      "1",
                                      "1.2.3",
                                      "1.2.3.4.5",
                                      "1.2.3.4.",
                                      ".1.2.3.4",
                                      "1..2.3",
                                      "256.1.1.1",
                                      "1.2.3.04",
                                      "010.0.0.1",
                                      "0x7f.0.0.1",
                                      "2130706433",
                                      "1.2.3.-4",
                                      "1.2.3.+4",
                                      "1.2.3.4 ",
                                      " 1.2.3.4",
                                      "1.2.3.4:80",
                                      "1.2.3.4/32",
                                      "a.b.c.d",
                                      "1.2.3.1e1",
                                      "1,2,3,4",
                                      ":",
                                      ":::",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7:8::",
                                      "::1:2:3:4:5:6:7:8",
                                      "1::2::3",
                                      "1:2:3:4:5:6:7:",
                                      ":1:2:3:4:5:6:7",
                                      "12345::",
                                      "g::",
                                      "-1::",
                                      "+1::",
                                      "0x1::",
                                      "[::1]",
                                      "fe80::1%eth0",
                                      "::1/128",
                                      "::1.2.3",
                                      "::1.2.3.4.5",
                                      "::256.1.1.1",
                                      "1.2.3.4::",
                                      "1:2:3:4:5:6:7:1.2.3.4",
                                      "::1.2.3.4:5",
                                      "::ffff:1.2.3.04",
                                      ": :1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_ip(text));
  }
  CHECK_FALSE(parse_ip(std::string_view{"1.2.3.4\0", 8}));
}

TEST_CASE("ip: every address reads back from its own text") {
  constexpr std::uint64_t seed = 4291;
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int round = 0; round < 3000; ++round) {
    ip_address address;
    for (std::size_t i = 0; i < 16; i += 2)
      if (random() % 2 == 0) {
        address.bytes[i] = static_cast<std::uint8_t>(random() % 3 == 0 ? 0 : random());
        address.bytes[i + 1] = static_cast<std::uint8_t>(random());
      }
    const std::string text = to_string(address);
    CAPTURE(text);
    REQUIRE(parse_ip(text) == address);
  }
}

TEST_CASE("network: contains its own addresses up to the last bit and no others") {
  const ip_network office = net("203.0.113.0/24");
  CHECK(office.prefix == 120);
  CHECK(office.contains(ip("203.0.113.0")));
  CHECK(office.contains(ip("::ffff:203.0.113.255")));
  CHECK_FALSE(office.contains(ip("203.0.112.255")));
  CHECK_FALSE(office.contains(ip("203.0.114.0")));
  CHECK_FALSE(office.contains(ip("::203.0.113.1")));

  const ip_network odd = net("10.0.0.128/27");
  CHECK(odd.contains(ip("10.0.0.159")));
  CHECK_FALSE(odd.contains(ip("10.0.0.160")));
  CHECK_FALSE(odd.contains(ip("10.0.0.127")));

  CHECK(net("192.0.2.1").contains(ip("192.0.2.1")));
  CHECK_FALSE(net("192.0.2.1").contains(ip("192.0.2.0")));
  CHECK(net("0.0.0.0/0").contains(ip("255.255.255.255")));
  CHECK_FALSE(net("0.0.0.0/0").contains(ip("2001:db8::1")));
  CHECK(net("::/0").contains(ip("2001:db8::1")));
  CHECK(net("2001:db8::/33").contains(ip("2001:db8:7fff::1")));
  CHECK_FALSE(net("2001:db8::/33").contains(ip("2001:db8:8000::1")));
}

TEST_CASE("network: covers says whether another one could only narrow it") {
  struct pair {
    std::string_view wide;
    std::string_view narrow;
    bool covers;
  };
  for (const auto& [wide, narrow, covers] : std::initializer_list<pair>{
           {"10.0.0.0/8", "10.1.0.0/16", true},
           {"10.0.0.0/8", "10.0.0.0/8", true},
           {"10.0.0.0/8", "10.255.255.255", true},
           {"10.1.0.0/16", "10.0.0.0/8", false},
           {"10.0.0.0/16", "10.0.0.0/8", false},
           {"10.0.0.0", "10.0.0.0/31", false},
           {"10.0.0.0/8", "11.0.0.0/16", false},
           {"0.0.0.0/0", "203.0.113.7", true},
           {"0.0.0.0/0", "2001:db8::/32", false},
           {"::/0", "203.0.113.0/24", true},
           {"203.0.113.0/24", "::/0", false},
           {"2001:db8::/32", "2001:db8:1::/48", true},
           {"2001:db8:1::/48", "2001:db8::/32", false},
       }) {
    CAPTURE(wide, narrow);
    CHECK(net(wide).covers(net(narrow)) == covers);
  }
}

TEST_CASE("network: covering means containing every address, checked against the addresses") {
  constexpr std::uint64_t seed = 4632;
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  const auto random_net = [&random] {
    const auto prefix = static_cast<unsigned>(26 + random() % 7);
    const auto step = 1u << (32 - prefix);
    const auto base = static_cast<unsigned>(random() % (64 / step)) * step;
    return net("10.0.0." + std::to_string(base) + "/" + std::to_string(prefix));
  };
  for (int round = 0; round < 500; ++round) {
    const ip_network wide = random_net();
    const ip_network narrow = random_net();
    bool all = true;
    for (int last = 0; last < 64; ++last) {
      const ip_address each = ip("10.0.0." + std::to_string(last));
      all = all && (!narrow.contains(each) || wide.contains(each));
    }
    CAPTURE(to_string(wide), to_string(narrow));
    REQUIRE(wide.covers(narrow) == all);
  }
}

TEST_CASE("network: texts read back, addresses without their prefix") {
  for (const std::string_view text :
       {"203.0.113.7", "203.0.113.0/24", "0.0.0.0/0", "::/0", "::1", "2001:db8::/32", "128.0.0.0/1",
        "10.0.0.0/31", "fe80::/10", "::fffe:0:0/95"}) {
    CHECK(to_string(net(text)) == text);
    CHECK(net(to_string(net(text))) == net(text));
  }
  CHECK(to_string(net("10.0.0.1/32")) == "10.0.0.1");
  CHECK(to_string(net("::ffff:10.0.0.0/104")) == "10.0.0.0/8");
  CHECK(net("::ffff:10.0.0.0/104") == net("10.0.0.0/8"));
}

TEST_CASE("network: host bits are refused with the network that was meant") {
  CHECK(parse_network("203.0.113.5/24").error ==
        "203.0.113.5/24 has host bits set; did you mean 203.0.113.0/24?");
  CHECK(parse_network("2001:db8::1/32").error ==
        "2001:db8::1/32 has host bits set; did you mean 2001:db8::/32?");
  CHECK(parse_network("10.0.0.1/0").error ==
        "10.0.0.1/0 has host bits set; did you mean 0.0.0.0/0?");
}

TEST_CASE("network: other mistakes are told, and long ones are cut short") {
  for (const std::string_view text :
       {"", "/", "/24", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08",
        "10.0.0.0/8/8", "10.0.0.0/255.0.0.0", "::/129", "::/0128", "10.0.0/8", "office",
        "10.0.0.0 /8", "10.0.0.0/ 8", "*", "10.*"}) {
    CAPTURE(text);
    const parsed_network parsed = parse_network(text);
    CHECK_FALSE(parsed.network);
    CHECK_FALSE(parsed.error.empty());
  }
  CHECK(parse_network("10.0.0.0/33").error.find("0 to 32") != std::string::npos);
  CHECK(parse_network("::/129").error.find("0 to 128") != std::string::npos);
  CHECK(parse_network(std::string(100'000, 'x')).error.size() < 250);
}

TEST_CASE("network: a list contains what any of its networks does, an empty one nothing") {
  const std::vector<ip_network> list{net("10.0.0.0/8"), net("2001:db8::/32")};
  CHECK(any_contains(list, ip("10.9.9.9")));
  CHECK(any_contains(list, ip("2001:db8::9")));
  CHECK_FALSE(any_contains(list, ip("11.0.0.1")));
  CHECK_FALSE(any_contains({}, ip("10.0.0.1")));
}
