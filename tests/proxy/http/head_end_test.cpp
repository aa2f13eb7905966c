// Where heads end: nothing but an empty line ended by CRLF ends one, and what never can is refused
// before it is complete.
#include "tests/proxy/http/heads.hpp"
#include "tests/support/catch.hpp"

using namespace heads;
using namespace std::string_literals;
using proxy::http::find_head_end;
using proxy::http::find_response_end;
using proxy::http::head_end;
using proxy::http::head_limits;

namespace {

// As bytes trickle in: all of `text` in steps of `step`, until there is an outcome.
head_end trickle(const std::string& text, std::size_t step, head_limits limits = {}) {
  std::size_t scanned = 0;
  for (std::size_t received = std::min(step, text.size());;) {
    const head_end end = find_head_end({text.data(), received}, scanned, limits);
    if (end.length > 0 || end.error || received == text.size())
      return end;
    received = std::min(received + step, text.size());
  }
}

} // namespace

TEST_CASE("head_end: however the bytes arrive, the head ends behind its empty line") {
  const std::string head =
      GENERATE(get("/"), post({"X: \ty", "Y:"}), "\r\n" + get("/"), "\r\n\r\n"s);
  const std::string rest = GENERATE(""s, "body"s, "\r\n\r\n"s, "\n"s, "\0"s);
  for (std::size_t step = 1; step <= head.size() + rest.size(); ++step) {
    const head_end end = trickle(head + rest, step);
    REQUIRE(!end.error);
    REQUIRE(end.length == head.size());
  }
}

TEST_CASE("head_end: an incomplete head is waited for") {
  const std::string head = get("/v1/models");
  for (std::size_t size = 0; size < head.size(); ++size) {
    std::size_t scanned = 0;
    const head_end end = find_head_end(head.substr(0, size), scanned, {});
    REQUIRE(!end.error);
    REQUIRE(end.length == 0);
    REQUIRE(scanned <= size);
  }
}

TEST_CASE("head_end: what can never become a head is refused as soon as it shows") {
  const std::string text = GENERATE(
      "GET / HTTP/1.1\n"s, "GET / HTTP/1.1\rX"s, "G\0"s, "GET / HTTP/1.1\r\nX: y\n"s, "\n"s,
      "GET / HTTP/1.1\r\n "s, "GET / HTTP/1.1\r\nX: y\r\n\t"s, " "s, "\x16\x03\x01"s, "\r\n\n"s,
      "\r\r"s, "GET / HTTP/1.1\r\nX: y\r\n\rX"s, "\x7f"s, "\r\n "s);
  INFO(text);
  for (std::size_t step = 1; step <= text.size(); ++step) {
    const head_end end = trickle(text, step);
    REQUIRE(end.error);
    CHECK(end.error->code == refusal_code::invalid_request);
    CHECK(!end.error->message.empty());
  }
}

TEST_CASE("head_end: heads and request lines are bounded while they arrive") {
  CHECK(trickle("GET /" + std::string(9000, 'a'), 1000).error->code == refusal_code::uri_too_long);
  const std::string lines = "GET / HTTP/1.1\r\nX: " + std::string(40'000, 'y');
  CHECK(trickle(lines, 1000).error->code == refusal_code::header_too_large);
  CHECK(!trickle(lines, 1000, {.bytes_max = 50'000}).error);
  const std::string exact = get("/");
  CHECK(trickle(exact, 7, {.bytes_max = exact.size()}).length == exact.size());
  CHECK(trickle(exact, 7, {.bytes_max = exact.size() - 1}).error->code ==
        refusal_code::header_too_large);
  CHECK(trickle(exact, exact.size(), {.bytes_max = exact.size() - 1}).error->code ==
        refusal_code::header_too_large);
}

TEST_CASE("head_end: in front of an answer nothing may stand") {
  const std::string head = ok({"Content-Length: 5"});
  for (std::size_t size = 0; size <= head.size(); ++size) {
    std::size_t scanned = 0;
    const head_end end = find_response_end(head.substr(0, size), scanned, {});
    REQUIRE(!end.error);
    REQUIRE(end.length == (size == head.size() ? size : 0));
  }
  std::size_t scanned = 0;
  const std::string led = "\r\n" + head;
  const head_end end = find_response_end(led, scanned, {});
  CHECK(end.length == 2);
  CHECK(answer(led.substr(0, end.length)).error);
  scanned = 0;
  CHECK(find_response_end("HTTP/1.1 200 OK\n", scanned, {}).error);
}
