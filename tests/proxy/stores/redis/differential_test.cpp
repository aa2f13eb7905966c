// The scripts do what policies/limits says, to the last field, on a redis-server of the test's own.
#include <cstdlib>

#include "tests/proxy/stores/redis/twins.hpp"
#include "tests/support/redis_server.hpp"

TEST_CASE("redis scripts: they agree with the reference model after every step") {
  const tests::redis_server server;
  proxy::stores::redis::address where;
  where.host = "127.0.0.1";
  where.port = server.port();
  std::map<std::string, int> counts;
  constexpr int seeds = 10, batches = 50, steps = 200; // 10^5 steps
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    CAPTURE(seed);
    proxy::stores::redis::blocking_client by{where, nullptr};
    REQUIRE(by.ask("FLUSHALL").has_value());
    proxy::stores::redis::script_call root{proxy::stores::redis::script::root};
    root.key(proxy::stores::redis::state_name(tests::id_of(0), tests::id_of(0)));
    REQUIRE(by.single(proxy::stores::redis::batch{root.argument("make").argument("")}).has_value());
    tests::twins both{by, seed};
    for (int i = 0; i < batches; ++i) {
      CAPTURE(i);
      for (int j = 0; j < steps; ++j)
        both.step();
      both.compare();
    }
    for (const auto& [what, count] : both.counts)
      counts[what] += count;
  }
  for (const char* what :
       {"mixed",        "held",         "refused",         "too late", "extended",
        "not extended", "gone",         "settle 1",        "settle 2", "settle 3",
        "settle 4",     "applied",      "swept 0",         "swept 1",  "swept 2",
        "lent 1",       "lent 2",       "lent 3",          "lent 4",   "lent again",
        "lent nothing", "settled lent", "settled expired", "expired",  "loan ended",
        "forgiven"}) {
    CAPTURE(what, counts[what]);
    CHECK(counts[what] > 100);
  }
}
