// Commands of exec: whose patience ends.
#include "proxy/secrets/command.hpp"

#include "tests/proxy/secrets/recording_server.hpp"
#include "tests/support/catch.hpp"

namespace secrets = proxy::secrets;
using secrets_test::told;
using std::chrono::milliseconds;

TEST_CASE("command: one that hangs is killed at the deadline, and all it began with it") {
  CHECK(told(secrets::output_of("tail -f /dev/null | cat", 100, {.timeout = milliseconds{20}})) ==
        "failure: the command of exec: was not done within 20 ms");
  CHECK(told(secrets::output_of("yes", 100, {.timeout = milliseconds{20}})) ==
        "failure: the command of exec: was not done within 20 ms");
}

TEST_CASE("command: who ends the proxy ends the wait") {
  std::stop_source ending;
  ending.request_stop();
  CHECK(told(secrets::output_of("tail -f /dev/null", 100,
                                {.timeout = std::chrono::hours{1}, .stop = ending.get_token()})) ==
        "failure: the command of exec: was given up, for the proxy ends");
}

TEST_CASE("command: its input is empty, its output bounded, its background left alone") {
  CHECK(told(secrets::output_of("cat; echo end", 100, {})) == "end\n");
  CHECK(told(secrets::output_of("printf 123456", 3, {})) == "1234");
  // What stays behind keeps the output open; it is not waited for.
  CHECK(told(secrets::output_of("sleep 5 2>/dev/null & echo key", 100,
                                {.timeout = milliseconds{4000}})) == "key\n");
}
