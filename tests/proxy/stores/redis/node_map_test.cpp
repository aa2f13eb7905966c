// What sentinels and nodes answer, read into a map of who serves what.
#include "proxy/stores/redis/node_map.hpp"

#include "tests/support/catch.hpp"

using namespace proxy::stores::redis;

namespace {

reply parsed(const std::string& bytes) {
  reply_reader reader{1 << 20};
  REQUIRE(reader.feed(bytes.data(), bytes.size()));
  reply one = reader.next();
  REQUIRE(one);
  return one;
}

std::string node_text(const char* host, int port) {
  return "*3\r\n$" + std::to_string(std::string(host).size()) + "\r\n" + host +
         "\r\n:" + std::to_string(port) + "\r\n$2\r\nid\r\n";
}

} // namespace

TEST_CASE("node_map: the master as a sentinel names it") {
  const auto found = read_master(*parsed("*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6380\r\n"), "shared");
  REQUIRE(found.has_value());
  REQUIRE(found->nodes.size() == 1);
  CHECK(found->nodes[0].at == place{"127.0.0.1", 6380});
  CHECK(found->nodes[0].endpoints.size() == 1);
  CHECK(found->serving(16383) == &found->nodes[0]);
  const auto unknown = read_master(*parsed("*-1\r\n"), "shared");
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().message.find("\"shared\"") != std::string::npos);
}

TEST_CASE("node_map: slots of a cluster, a node without a host being the one that was asked") {
  const std::string text = "*3\r\n*4\r\n:0\r\n:5\r\n" + node_text("10.0.0.1", 7000) +
                           node_text("10.0.0.9", 7009) + "*3\r\n:6\r\n:6\r\n" +
                           node_text("", 7001) + "*3\r\n:8\r\n:16383\r\n" +
                           node_text("10.0.0.1", 7000);
  const auto found = read_slots(*parsed(text), {"10.0.0.7", 1});
  REQUIRE(found.has_value());
  CHECK(found->nodes.size() == 2); // replicas serve nothing
  CHECK(found->serving(0)->at == place{"10.0.0.1", 7000});
  CHECK(found->serving(6)->at == place{"10.0.0.7", 7001});
  CHECK(found->serving(7) == nullptr);
  CHECK(found->serving(16383)->at == place{"10.0.0.1", 7000});
}

TEST_CASE("node_map: what is no map is a failure") {
  for (const std::string& text :
       {std::string("*0\r\n"), std::string("-ERR This instance has cluster support disabled\r\n"),
        "*1\r\n*3\r\n:0\r\n:99999\r\n" + node_text("10.0.0.1", 1),
        std::string("*1\r\n*3\r\n:5\r\n:2\r\n:1\r\n")}) {
    CAPTURE(text);
    CHECK_FALSE(read_slots(*parsed(text), {"a", 1}).has_value());
  }
}

TEST_CASE("node_map: the same in everything but the version") {
  const auto one = read_master(*parsed("*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6380\r\n"), "m");
  auto other = *one;
  other.version = 7;
  CHECK(one->same_as(other));
  other.nodes[0].at.port = 1;
  CHECK_FALSE(one->same_as(other));
}
