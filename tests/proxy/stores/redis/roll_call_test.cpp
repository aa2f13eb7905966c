// Proxies agree, by way of a redis-server of the test's own, on when a process may decide and when
// a lost root is open again.
#include "proxy/stores/redis/roll_call.hpp"

#include "proxy/stores/redis/blocking_client.hpp"
#include "proxy/stores/redis/limit_wire.hpp"
#include "proxy/stores/redis/names.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/redis_server.hpp"

namespace redis = proxy::stores::redis;
using redis::said_of_process;

namespace {

struct table {
  tests::redis_server server;
  redis::blocking_client by;
  int words = 0; // each call brings a fresh one
  std::string own;
  std::int64_t now_ms = 0;

  table() : by(at(server), nullptr) {}

  static redis::address at(const tests::redis_server& server) {
    redis::address where;
    where.host = "127.0.0.1";
    where.port = server.port();
    return where;
  }

  struct caller {
    std::string name;
    std::int64_t last_ms = 0;
    std::map<std::string, std::int64_t> known{};
    bool leaving = false;
  };
  // As restorer.cpp does it: lifetime 60 s, gone after 25.
  redis::roll_call call(const caller& who, std::map<std::string, said_of_process> said = {}) {
    redis::script_call script{redis::script::roll_call};
    script.key(redis::nodes_name).key(redis::processes_name);
    script.argument(who.name).argument(std::to_string(who.last_ms));
    script.argument("word" + std::to_string(++words)).argument("60000 25000").argument("1");
    script.argument(redis::write_saying(who.known, said, who.leaving));
    const auto answer = by.single(redis::batch{script});
    REQUIRE(answer.has_value());
    auto heard = redis::read_roll_call(redis::text_of(**answer));
    REQUIRE(heard.has_value());
    own = heard->own;
    now_ms = heard->now_ms;
    return *heard;
  }
  // The same of the one process that there is.
  redis::roll_call::process say(const std::string& name, said_of_process said = {}) {
    const auto heard = call({name}, {{own, std::move(said)}});
    REQUIRE(heard.processes.contains(own));
    return heard.processes.at(own);
  }
  // Both are there and have told; the first has opened it.
  std::string open_for_two() {
    call({"first"});
    const std::string token = say("second").token;
    say("first", {.told = token, .opened = {}, .lost = {}});
    say("second", {.told = token, .opened = {}, .lost = {}});
    REQUIRE(say("first", {.told = token, .opened = token, .lost = {}}).open);
    return token;
  }
};

std::set<std::string> names_in(const std::map<std::string, std::int64_t>& times) {
  std::set<std::string> all;
  for (const auto& [name, _] : times)
    all.insert(name);
  return all;
}

using names = std::set<std::string>;

} // namespace

TEST_CASE("roll call: a process decides nothing until all who are there have told it") {
  table t;
  t.call({"first"});
  const auto met = t.say("second");
  CHECK_FALSE(met.open);
  CHECK(names_in(met.missing) == names{"first", "second"});
  const auto half = t.say("first", {.told = met.token, .opened = {}, .lost = {}});
  CHECK(names_in(half.missing) == names{"second"});
  CHECK_FALSE(half.open);
  const auto whole = t.say("second", {.told = met.token, .opened = {}, .lost = {}});
  CHECK(whole.missing.empty());
  CHECK(whole.told == names{"first", "second"});
  CHECK_FALSE(whole.open); // its roots are not
  CHECK(t.say("second", {.told = met.token, .opened = met.token, .lost = {}}).open);
  CHECK(t.say("late").open); // who comes later has let nothing through
}

TEST_CASE("roll call: what was told before a loss does not count") {
  table t;
  const std::string token = t.open_for_two();
  const auto lost = t.say("second", {.told = token, .opened = token, .lost = token});
  CHECK_FALSE(lost.open);
  CHECK(lost.token != token);
  CHECK(lost.told.empty());
  const auto late = t.say("first", {.told = token, .opened = token, .lost = token});
  CHECK(late.token == lost.token); // the loss is known already
  CHECK_FALSE(late.open);
  CHECK(late.told.empty());
}

TEST_CASE("roll call: who is waited for was there shortly before the last that Redis knows") {
  table t;
  const auto heard = t.call({"first"});
  REQUIRE(t.by.ask("DEL", redis::processes_name).has_value());
  const auto ago = [&](std::int64_t ms) { return std::to_string(heard.now_ms - ms); };
  REQUIRE(t.by.ask("ZADD", redis::nodes_name, ago(40'000), "gone", ago(20'000), "killed", ago(0),
                   "first")
              .has_value());
  const auto met = t.say("first");
  CHECK(names_in(met.missing) == names{"first", "killed"});
  REQUIRE(t.by.ask("ZREM", redis::nodes_name, "killed").has_value()); // store forget
  CHECK(t.say("first", {.told = met.token, .opened = {}, .lost = {}}).missing.empty());
}

TEST_CASE("roll call: nobody waits for who has left, or was silent for a request's lifetime") {
  table t;
  t.call({"first"});
  t.call({"second"});
  t.call({.name = "second", .leaving = true});
  const auto old = std::to_string(t.now_ms - 61'000);
  REQUIRE(t.by.ask("ZADD", redis::nodes_name, old, "old").has_value());
  const auto heard = t.call({"first"}, {{t.own, {}}});
  CHECK(names_in(heard.nodes) == names{"first"});
  CHECK(names_in(heard.processes.at(t.own).missing) == names{"first"});
}

TEST_CASE("roll call: a Redis that has forgotten who was there is told by whoever knew") {
  table t;
  t.call({"first"});
  const auto heard = t.call({"second"});
  REQUIRE(t.by.ask("FLUSHALL").has_value());
  const auto again =
      t.call({.name = "second", .last_ms = heard.now_ms, .known = heard.nodes}, {{t.own, {}}});
  CHECK(names_in(again.nodes) == names{"first", "second"});
  CHECK(names_in(again.processes.at(t.own).missing) == names{"first", "second"});
}

TEST_CASE("roll call: where there is one master, an earlier name of it is nobody's any more") {
  table t;
  const std::string token = t.open_for_two();
  const std::string earlier(40, '1');
  const auto heard = t.call({"first"}, {{earlier, {.told = "x", .opened = "x", .lost = {}}}});
  CHECK_FALSE(heard.processes.contains(earlier));
  const auto still = t.say("second", {.told = token, .opened = {}, .lost = {}});
  CHECK(still.open);
  CHECK(still.token == token);
}

TEST_CASE("lost root: it is open once all who have told it are known to it") {
  table t;
  const std::string state = redis::state_name(7, 7), holds = redis::holds_name(7);
  const std::string one(16, '1'), two(16, '2');
  const auto root = [&](std::string_view what, const std::string& who) {
    redis::script_call call{redis::script::root};
    call.key(state).key(holds).argument(what).argument(who);
    const auto done = t.by.single(redis::batch{call});
    REQUIRE(done.has_value());
    return (*done)->integer;
  };
  const auto is_open = [&] {
    return (*t.by.ask("STRLEN", state))->integer == static_cast<long long>(redis::state_bytes);
  };
  CHECK(root("make", "") == 1);
  CHECK(is_open());
  CHECK(root("begin", one) == 0); // nothing was lost
  REQUIRE(t.by.ask("DEL", state).has_value());
  REQUIRE(t.by.ask("HSET", holds, "rest", "of before").has_value());
  CHECK(root("begin", one) == 1);
  CHECK((*t.by.ask("EXISTS", holds))->integer == 0); // what is left would count in part
  CHECK(root("make", "") == -1);
  CHECK(root("open", one + two) == -1);
  CHECK_FALSE(is_open());
  REQUIRE(t.by.ask("HSET", holds, "of", "the first").has_value());
  CHECK(root("begin", two) == 1);
  CHECK((*t.by.ask("EXISTS", holds))->integer == 1);
  CHECK(root("open", one + two) == 1);
  CHECK(is_open());
  REQUIRE(t.by.ask("DEL", state).has_value());
  CHECK(root("open", one + two) == -1); // lost once more
}
