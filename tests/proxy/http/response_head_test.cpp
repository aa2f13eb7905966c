// Answers of a hostile or broken upstream: cases 101 to 112 as far as a head decides them.
#include "tests/proxy/http/heads.hpp"
#include "tests/support/catch.hpp"

using namespace heads;
using namespace std::string_literals;
using proxy::http::framing;

TEST_CASE("response: an ordinary answer is read") {
  const auto r = answer(ok({"Content-Type: application/json; charset=utf-8", "content-length: 17",
                            "Retry-After: 3", "Connection: keep-alive"}));
  REQUIRE(!r.error);
  CHECK(r->status == 200);
  CHECK(r->reason == "OK");
  CHECK(r->http_1_1);
  CHECK(r->keep_alive);
  CHECK(r->body == framing::length);
  CHECK(r->content_length == 17);
  CHECK(r->json);
  CHECK(!r->event_stream);
  CHECK(!r->content_encoded);
  CHECK(r->content_type == "application/json; charset=utf-8");
  CHECK(r->retry_after == "3");
  CHECK(r->connection_options == "keep-alive");
  CHECK(r->field_count == 4);
}

TEST_CASE("response: a status line is version, three digits of 100 to 599, reason") {
  const std::string line =
      GENERATE("HTTP/1.1 000 X"s, "HTTP/1.1 099 X"s, "HTTP/1.1 600 X"s, "HTTP/1.1 999 X"s, // 101
               "HTTP/1.1 20 OK"s, "HTTP/1.1 2000 OK"s, "HTTP/1.1 2x0 OK"s, "HTTP/1.1  200 OK"s,
               "HTTP/1.1\t200 OK"s, "HTTP/1.1 200"s, "HTTP/1.1 200\tOK"s, "HTTP/1.2 200 OK"s,
               "HTTP/2.0 200 OK"s, "HTTP/2 200"s, "http/1.1 200 OK"s, "HTTP/1.10 200 OK"s,
               "ICY 200 OK"s, "200 OK"s, " HTTP/1.1 200 OK"s, "HTTP/1.1 -20 OK"s,
               "HTTP/1.1 +20 OK"s, ""s, "HTTP/0.9 200 OK"s, "HTTP/1.1 200 O\0K"s,
               "HTTP/1.1 200 O\rK"s, "HTTP/1.1 200 O\nK"s, "HTTP/1.1 200 O\x7fK"s); // 102
  INFO(line);
  CHECK(answer(ok({"Content-Length: 0"}, line)).error);
}

TEST_CASE("response: a reason may be empty or hold spaces and text") {
  CHECK(answer(ok({}, "HTTP/1.1 200 "))->reason.empty());
  const auto r = answer(ok({}, "HTTP/1.1 599 Not \t \xc3\xa4 OK"));
  REQUIRE(!r.error);
  CHECK(r->status == 599);
  CHECK(r->reason == "Not \t \xc3\xa4 OK");
}

TEST_CASE("response: field lines are as strict as a request's") {
  const std::string line =
      GENERATE("X: a\r\n b"s, "X: a\r\n\tb"s, "X: a\rb"s, "X: a\nb"s, "X: a\0b"s, "X: a\x7f"s,
               "X : a"s, ": a"s, "X"s, "X(: a"s, " X: a"s, "Content-Length:\r\n 5"s); // 102
  INFO(line);
  CHECK(answer(ok({line})).error);
}

TEST_CASE("response: Transfer-Encoding is chunked and nothing else, once, and only on HTTP/1.1") {
  const std::string te = GENERATE("gzip"s, "identity"s, "chunked, gzip"s, "gzip, chunked"s, ""s,
                                  "chunked, chunked"s, "\"chunked\""s, "chunked;q=1"s); // 103
  INFO(te);
  CHECK(answer(ok({"Transfer-Encoding: " + te})).error);
  CHECK(answer(ok({"Transfer-Encoding: " + te, "Content-Length: 5"})).error);
  CHECK(answer(ok({"Content-Length: 5", "Transfer-Encoding: " + te})).error);
  CHECK(answer(ok({"Transfer-Encoding: chunked", "Transfer-Encoding: " + te})).error);
  CHECK(answer(ok({"Transfer-Encoding: chunked", "Content-Length: 5"})).error);
  CHECK(answer(ok({"Transfer-Encoding: chunked"}, "HTTP/1.0 200 OK")).error);
  const auto r = answer(ok({"transfer-encoding: Chunked"}));
  REQUIRE(!r.error);
  CHECK(r->body == framing::chunked);
}

TEST_CASE("response: a length is sent once, in one spelling") {
  const std::string length = GENERATE("5, 5"s, "+5"s, "-5"s, "0x5"s, "005"s, ""s, "5,"s, "1_0"s,
                                      "18446744073709551616"s, "9223372036854775808"s);
  CHECK(answer(ok({"Content-Length: " + length})).error);
  CHECK(answer(ok({"Content-Length: 5", "Content-Length: 5"})).error); // 111
  CHECK(answer(ok({"Content-Length: 5", "Content-Length: 6"})).error); // 111
}

TEST_CASE("response: some answers have no body, whatever they announce") {
  const std::string status = GENERATE("HTTP/1.1 204 No Content"s, "HTTP/1.1 100 Continue"s,
                                      "HTTP/1.1 103 Early Hints"s, "HTTP/1.1 101 Switching"s);
  CHECK(answer(ok({}, status))->body == framing::none);
  CHECK(answer(ok({"Content-Length: 0"}, status))->body == framing::none);
  CHECK(answer(ok({"Content-Length: 5"}, status)).error); // 105
  CHECK(answer(ok({"Transfer-Encoding: chunked"}, status)).error);
}

TEST_CASE("response: 304 and answers to HEAD announce a body that does not follow") {
  const auto unchanged = answer(ok({"Content-Length: 5"}, "HTTP/1.1 304 Not Modified"));
  REQUIRE(!unchanged.error);
  CHECK(unchanged->body == framing::none);
  CHECK(unchanged->keep_alive);
  const auto head = answer(ok({"Content-Length: 17"}), true); // 99
  REQUIRE(!head.error);
  CHECK(head->body == framing::none);
  CHECK(head->content_length == 17);
  CHECK(answer(ok({"Transfer-Encoding: chunked"}), true)->body == framing::none);
  CHECK(answer(ok({}), true)->keep_alive);
}

TEST_CASE("response: without framing the body ends with the connection, which is not kept") {
  const auto r = answer(ok({"Connection: keep-alive"}));
  REQUIRE(!r.error);
  CHECK(r->body == framing::until_close); // 109
  CHECK(!r->keep_alive);
}

TEST_CASE("response: a connection is kept only where both sides say so") {
  CHECK(answer(ok({"Content-Length: 0"}))->keep_alive);
  CHECK(!answer(ok({"Content-Length: 0", "Connection: Close"}))->keep_alive);
  CHECK(!answer(ok({"Content-Length: 0", "Connection: x, close"}))->keep_alive);
  CHECK(!answer(ok({"Content-Length: 0"}, "HTTP/1.0 200 OK"))->keep_alive);
  CHECK(
      !answer(ok({"Content-Length: 0", "Connection: keep-alive"}, "HTTP/1.0 200 OK"))->keep_alive);
  CHECK(answer(ok({"Connection: a b"})).error);
  CHECK(answer(ok({"Connection: a", "Connection: b"})).error);
}

TEST_CASE("response: heads are bounded in bytes and fields") {
  std::string lines;
  for (int i = 0; i < 100; ++i)
    lines += "X: y\r\n";
  CHECK(!answer("HTTP/1.1 200 OK\r\n" + lines + "\r\n").error);
  CHECK(answer("HTTP/1.1 200 OK\r\n" + lines + "X: y\r\n\r\n").error); // 110
  const std::string text = ok({"X: " + std::string(70'000, 'y')});     // 110
  CHECK(answer(text).error);
  CHECK(!answer(text, false, {.bytes_max = text.size()}).error);
  CHECK(answer(text, false, {.bytes_max = text.size() - 1}).error);
}

TEST_CASE("response: what is no single head is no head") {
  CHECK(answer("").error);
  CHECK(answer("\r\n").error);
  CHECK(answer("HTTP/1.1 200 OK\r\n").error);
  CHECK(answer(ok({}) + "x").error);
  CHECK(answer("\r\n" + ok({})).error);
}

TEST_CASE("response: types and encodings are told by their names, not by prefixes") {
  CHECK(answer(ok({"Content-Type: Text/Event-Stream;charset=utf-8"}))->event_stream);
  CHECK(answer(ok({"Content-Type: text/event-stream ; x"}))->event_stream);
  CHECK(!answer(ok({"Content-Type: text/event-streams"}))->event_stream);
  CHECK(!answer(ok({"Content-Type: application/jsonl"}))->json);
  CHECK(answer(ok({"Content-Type: APPLICATION/JSON"}))->json);
  CHECK(answer(ok({"Content-Encoding: gzip"}))->content_encoded); // 112
  CHECK(answer(ok({"Content-Encoding: identity", "Content-Encoding: br"}))->content_encoded);
  CHECK(!answer(ok({"Content-Encoding: Identity"}))->content_encoded);
  CHECK(answer(ok({"Content-Type: a/b", "Content-Type: c/d"})).error);
}

TEST_CASE("response: nothing of an earlier answer is left in a head that is read again") {
  auto r = answer(ok({"Content-Type: text/event-stream", "Transfer-Encoding: chunked",
                      "Content-Encoding: gzip", "Connection: close", "Retry-After: 3"}));
  REQUIRE(!r.error);
  const std::string plain = ok({"Content-Length: 3"}, "HTTP/1.1 404 Gone");
  REQUIRE(!proxy::http::parse_response_head(*r.head, plain, false, {}));
  CHECK(r->status == 404);
  CHECK(r->body == framing::length);
  CHECK(r->keep_alive);
  CHECK(!r->event_stream);
  CHECK(!r->content_encoded);
  CHECK(r->content_type.empty());
  CHECK(r->retry_after.empty());
  CHECK(r->connection_options.empty());
  CHECK(r->field_count == 1);
}
