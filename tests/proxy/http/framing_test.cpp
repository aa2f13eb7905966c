// How long a request's body is: hostile cases 45 to 62.
#include "tests/proxy/http/heads.hpp"
#include "tests/support/catch.hpp"

using namespace heads;
using namespace std::string_literals;
using proxy::http::framing;

TEST_CASE("framing: one Content-Length, one chunked, or neither") {
  const auto length = read(post({"content-length:  123"}));
  REQUIRE(!length.refused);
  CHECK(length->body == framing::length);
  CHECK(length->content_length == 123);
  const auto chunked = read(post({"Transfer-Encoding: Chunked"}));
  REQUIRE(!chunked.refused);
  CHECK(chunked->body == framing::chunked);
  CHECK(chunked->content_length == 0);
  const auto none = read(post({}));
  REQUIRE(!none.refused);
  CHECK(none->body == framing::none);
  const auto empty = read(post({"Content-Length: 0"})); // 61
  REQUIRE(!empty.refused);
  CHECK(empty->body == framing::length);
  CHECK(empty->content_length == 0);
}

TEST_CASE("framing: Content-Length and Transfer-Encoding exclude each other") {
  const std::string te = GENERATE("chunked"s, "identity"s, "gzip"s, "xchunked"s, ""s); // 45 to 47
  CHECK(is_malformed(post({"Content-Length: 5", "Transfer-Encoding: " + te})));
  CHECK(is_malformed(post({"Transfer-Encoding: " + te, "Content-Length: 5"})));
  CHECK(is_malformed(post({"Transfer-Encoding: " + te, "Content-Length: 0"})));
}

TEST_CASE("framing: Transfer-Encoding is chunked and nothing else") {
  const std::string te = GENERATE("gzip"s, "identity"s, ""s,          // 48
                                  "chunked, gzip"s, "gzip, chunked"s, // 49
                                  "chunked, chunked"s,                // 50
                                  "\"chunked\""s, "'chunked'"s,       // 53
                                  "chunked;q=1"s, ",chunked"s, "chunked,"s, "chunked foo"s,
                                  "chunked\xff"s, "chunke"s, "xchunked"s, "chunkedx"s,
                                  "\xa0"
                                  "chunked"s,
                                  "chunk\xe9"
                                  "d"s); // 54
  INFO(te);
  CHECK(is_malformed(post({"Transfer-Encoding: " + te})));
}

TEST_CASE("framing: Transfer-Encoding is sent once") {
  CHECK(is_malformed(post({"Transfer-Encoding: chunked", "Transfer-Encoding: chunked"})));  // 51
  CHECK(is_malformed(post({"Transfer-Encoding: identity", "Transfer-Encoding: chunked"}))); // 52
  CHECK(is_malformed(post({"Transfer-Encoding: chunked", "transfer-encoding: identity"})));
}

TEST_CASE("framing: HTTP/1.0 has no Transfer-Encoding") {
  CHECK(is_malformed("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")); // 55
  const auto r = read("POST / HTTP/1.0\r\nHost: h\r\nContent-Length: 7\r\n\r\n");
  REQUIRE(!r.refused);
  CHECK(r->body == framing::length);
  CHECK(!r->http_1_1);
}

TEST_CASE("framing: a length is spelt in the one way all readers understand alike") {
  const std::string length =
      GENERATE("5, 5"s, "5,5"s, "5,"s, ",5"s, // 56, 58
               "+5"s, "-5"s, "0x5"s, "1_0"s, ""s, " "s, "5 5"s, "5a"s, "a"s, "5.0"s, "5e1"s, // 58
               "005"s, "00"s, "05"s,                                                         // 59
               "18446744073709551616"s, "18446744073709551615"s, "9223372036854775808"s,     // 60
               "99999999999999999999999999"s, "\xef\xbc\x95"s);
  INFO(length);
  CHECK(is_malformed(post({"Content-Length: " + length})));
}

TEST_CASE("framing: a length is sent once, even if it agrees") {
  CHECK(is_malformed(post({"Content-Length: 5", "Content-Length: 5"}))); // 56
  CHECK(is_malformed(post({"Content-Length: 5", "content-length: 6"}))); // 57
}

TEST_CASE("framing: the largest length is 2^63 - 1") {
  const auto r = read(post({"Content-Length: 9223372036854775807"}));
  REQUIRE(!r.refused);
  CHECK(r->content_length == 9223372036854775807u);
}

TEST_CASE("framing: a GET may have a body, which the session judges") {
  const auto r = read("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"); // 62
  REQUIRE(!r.refused);
  CHECK(r->content_length == 5);
}
