// URLs of Redis: one, behind sentinels, in shards.
#include "proxy/stores/redis/address.hpp"

#include "tests/support/catch.hpp"

using namespace proxy::stores::redis;

TEST_CASE("address: one Redis") {
  const auto plain = parse_address("redis://127.0.0.1");
  REQUIRE(plain.has_value());
  CHECK(plain->how == layout::standalone);
  CHECK((plain->host == "127.0.0.1" && plain->port == 6379 && !plain->tls));
  const auto all = parse_address("rediss://proxy@[::1]:7000/3");
  REQUIRE(all.has_value());
  CHECK((all->host == "::1" && all->port == 7000 && all->tls));
  CHECK((all->user == "proxy" && all->database == 3));
}

TEST_CASE("address: sentinels and the master's name") {
  const auto to = parse_address("redis+sentinel://me@a,b:1234,[::1]:5/shared/2");
  REQUIRE(to.has_value());
  CHECK(to->how == layout::sentinel);
  CHECK(to->places == std::vector<place>{{"a", 26379}, {"b", 1234}, {"::1", 5}});
  CHECK((to->master == "shared" && to->database == 2 && to->user == "me" && !to->tls));
  CHECK(parse_address("rediss+sentinel://a/shared")->tls);
  CHECK_FALSE(parse_address("redis+sentinel://a,b").has_value());
  CHECK_FALSE(parse_address("redis+sentinel://a,,b/shared").has_value());
  CHECK_FALSE(parse_address("redis+sentinel://a/shared/x").has_value());
}

TEST_CASE("address: shards") {
  const auto to = parse_address("rediss+cluster://a:1,b");
  REQUIRE(to.has_value());
  CHECK(to->how == layout::cluster);
  CHECK(to->places == std::vector<place>{{"a", 1}, {"b", 6379}});
  CHECK(to->tls);
  CHECK(parse_address("redis+cluster://a/0").has_value());
  CHECK_FALSE(parse_address("redis+cluster://a/1").has_value()); // a cluster has no other database
}

TEST_CASE("address: what is none is told without a password") {
  for (const char* wrong :
       {"", "127.0.0.1", "http://a", "redis+ring://a", "+sentinel://a/b", "redis://", "redis://a:0",
        "redis://a:70000", "redis://a b", "redis://a,b", "redis+cluster://"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_address(wrong).has_value());
  }
  const auto secret = parse_address("redis://me:hunter2@a");
  REQUIRE_FALSE(secret.has_value());
  CHECK(secret.error().message.find("hunter2") == std::string::npos);
}
