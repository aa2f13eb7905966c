// Slots as Redis reckons them, and what its nodes say about them.
#include "proxy/stores/redis/slots.hpp"

#include "tests/support/catch.hpp"

using namespace proxy::stores::redis;

TEST_CASE("slots: as CLUSTER KEYSLOT tells them") {
  CHECK(slot_of("123456789") == 12739); // the specification's own example: CRC16 is 0x31C3
  CHECK(slot_of("foo") == 12182);
  CHECK(slot_of("") == 0);
  CHECK(slot_of("{foo}bar") == slot_of("foo"));
  CHECK(slot_of("ds:{foo}:state:1") == slot_of("ds:{foo}:holds"));
}

TEST_CASE("slots: braces count where something stands in the first pair") {
  CHECK(slot_of("a{}b") != slot_of(""));
  CHECK(slot_of("a{foo") != slot_of("foo"));
  CHECK(slot_of("a{foo}{bar}") == slot_of("foo"));
  CHECK(slot_of("a{{foo}}") == slot_of("{foo"));
}

TEST_CASE("slots: MOVED and ASK name where to go") {
  const auto moved = read_redirection("MOVED 3999 127.0.0.1:6381");
  REQUIRE(moved.has_value());
  CHECK(moved->what == redirection::kind::moved);
  CHECK(moved->slot == 3999);
  CHECK(moved->to == place{"127.0.0.1", 6381});
  const auto ask = read_redirection("ASK 16383 ::1:7000");
  REQUIRE(ask.has_value());
  CHECK(ask->what == redirection::kind::ask);
  CHECK(ask->to == place{"::1", 7000});
  const auto here = read_redirection("MOVED 1 :7001");
  REQUIRE(here.has_value());
  CHECK(here->to == place{"", 7001});
}

TEST_CASE("slots: what may be asked again, and what may not") {
  for (const char* again : {"TRYAGAIN Multiple keys request during rehashing of slot",
                            "CLUSTERDOWN The cluster is down", "LOADING Redis is loading",
                            "READONLY You can't write against a read only replica.",
                            "ERR Error running script (call to f_1): @user_script:1: "
                            "-READONLY You can't write against a read only replica."}) {
    const auto told = read_redirection(again);
    CAPTURE(again);
    REQUIRE(told.has_value());
    CHECK(told->what == redirection::kind::later);
  }
  for (const char* final :
       {"ERR unknown command", "OOM command not allowed", "NOSCRIPT No matching", "MOVED",
        "MOVED x 127.0.0.1:1", "MOVED 16384 127.0.0.1:1", "MOVED 1 127.0.0.1",
        "MOVED 1 127.0.0.1:0", "ASK 1 127.0.0.1:70000"}) {
    CAPTURE(final);
    CHECK_FALSE(read_redirection(final).has_value());
  }
}
