// Which addresses a name may not lead to, and what is left of a name that leads to nothing else.
#include <arpa/inet.h>

#include <cstring>

#include "proxy/upstream/resolver.hpp"
#include "tests/support/catch.hpp"

namespace upstream = proxy::upstream;
using upstream::link_local;

namespace {

sockaddr_storage address(const char* text) {
  sockaddr_storage made{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(made);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(made);
  if (::inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    made.ss_family = AF_INET;
  } else {
    REQUIRE(::inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
    made.ss_family = AF_INET6;
  }
  return made;
}

std::size_t found(const char* host, link_local metadata) {
  const upstream::resolver names{host, 443, metadata};
  return names.endpoints().size();
}

} // namespace

TEST_CASE("resolver: addresses where clouds keep credentials are known, in each form they have") {
  for (const char* text :
       {"169.254.169.254", "169.254.0.0", "169.254.255.255", "::ffff:169.254.169.254", "fe80::1",
        "febf:ffff::1", "64:ff9b::a9fe:a9fe", "fd00:ec2::254", "fd20:ce::254", "168.63.129.16",
        "100.100.100.200", "0.0.0.0", "::", "::ffff:0.0.0.0"}) {
    INFO(text);
    CHECK(upstream::is_link_local(address(text)));
  }
}

TEST_CASE("resolver: their neighbours, private networks and the loopback are not among them") {
  for (const char* text :
       {"169.253.255.255", "169.255.0.0", "fe7f::1", "fec0::1", "64:ff9b::a9ff:0",
        "64:ff9b::101:101", "fd00:ec2::253", "fd00:ec2::255", "fd20:ce::253", "168.63.129.15",
        "168.63.129.17", "100.100.100.199", "0.0.0.1", "::1", "127.0.0.1", "10.0.0.1",
        "192.168.0.1", "fd00::1", "2001:db8::1"}) {
    INFO(text);
    CHECK_FALSE(upstream::is_link_local(address(text)));
  }
}

TEST_CASE("resolver: a name that leads there leads nowhere, unless that is meant") {
  CHECK(found("169.254.169.254", link_local::deny) == 0);
  CHECK(found("169.254.169.254", link_local::allow) == 1);
  CHECK(found("fe80::1", link_local::deny) == 0);
  CHECK(found("::ffff:169.254.169.254", link_local::deny) == 0);
  CHECK(found("0.0.0.0", link_local::deny) == 0);
}

TEST_CASE("resolver: an address needs no name server, and keeps its port") {
  const upstream::resolver names{"127.0.0.1", 8443};
  const auto all = names.endpoints();
  REQUIRE(all.size() == 1);
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(all[0].address);
  CHECK(all[0].address.ss_family == AF_INET);
  CHECK(all[0].length == sizeof(sockaddr_in));
  CHECK(ntohs(v4.sin_port) == 8443);
  CHECK(ntohl(v4.sin_addr.s_addr) == INADDR_LOOPBACK);
}

TEST_CASE("resolver: what is no name leads nowhere, and its end is not waited for") {
  CHECK(found("not a name", link_local::deny) == 0);
}
