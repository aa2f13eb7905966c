// A request's fields: hostile cases 31 to 44, 80 to 84, 96, 97 and 100.
#include "tests/proxy/http/heads.hpp"
#include "tests/support/catch.hpp"

using namespace heads;
using namespace std::string_literals;

namespace {

std::string with_host(const std::string& line) {
  return "GET /v1/models HTTP/1.1\r\n" + line + "\r\n\r\n";
}

} // namespace

TEST_CASE("fields: a request names exactly one host") {
  CHECK(is_malformed("GET / HTTP/1.1\r\n\r\n"));         // 31
  CHECK(is_malformed("GET / HTTP/1.0\r\n\r\n"));         // 31
  CHECK(is_malformed("GET / HTTP/1.1\r\nX: y\r\n\r\n")); // 31
  CHECK(is_malformed(post({"Host: proxy.test"})));       // 32
  CHECK(is_malformed(post({"host: other.test"})));       // 32
}

TEST_CASE("fields: Host is a name or an address, perhaps with a port") {
  const std::string bad = GENERATE(
      "a/b@c, d"s, ""s, " "s, "user@proxy.test"s, "a b"s, "a,b"s, "a\\b"s, ":8080"s, "proxy.test:"s,
      "proxy.test:99999"s, "proxy.test:80a"s, "proxy.test:+80"s, "proxy.test:123456"s, "[::1"s,
      "::1"s, "[::1]x"s, "[::1]:"s, "[]"s, "[g::1]"s, "[1]"s, "a?b"s, "a#b"s, "a%41"s, "a:1:2"s,
      "\xc3\xa4.test"s, "[::1]:80:80"s, std::string(256, 'a')); // 33
  INFO(bad);
  CHECK(is_malformed(with_host("Host: " + bad)));
}

TEST_CASE("fields: hosts of all honest forms are read") {
  const std::string good =
      GENERATE("proxy.test"s, "127.0.0.1:8080"s, "[::1]"s, "[::1]:8080"s, "localhost"s, "a_b.test"s,
               "PROXY.test:65535"s, "[::ffff:1.2.3.4]:1"s, "x"s, "a.b-c~d:0"s);
  const auto r = read(with_host("Host:\t " + good + " \t"));
  REQUIRE(!r.refused);
  CHECK(r->host == good);
}

TEST_CASE("fields: a field line is a token, a colon and a value") {
  const std::string line = GENERATE(
      "X-A : b"s, "X-A\t: b"s, "Content-Length : 5"s, "Transfer-Encoding : chunked"s, // 34
      " X-A: b"s, "\tX-A: b"s,                                                        // 36
      "X-A: b\r\n c"s, "X-A: b\r\n\tc"s, "X-A:\r\n b"s, "Content-Length: \r\n 5"s,    // 36
      "Content-Length: 1\r\n 5"s, "Transfer-Encoding:\r\n chunked"s, "X-A: b\r\n "s,  // 36
      ": value"s, ":"s,                                                               // 37
      "nonsense"s, "X"s,                                                              // 38
      "X-A: a\0b"s, "X-A: a\rb"s, "X-A: a\nb"s, "X-A: a\vb"s, "X-A: a\x7f"s, "X-A: \x01"s,
      "X-A: b\r"s, "X-A: b\n"s, "X-A: b\r\r"s, "X\0A: b"s, "X-A\r: b"s, "X-A: a\x1f"s,  // 39
      "X(A): b"s, "X@A: b"s, "X A: b"s, "X\xc3: b"s, "X\"A: b"s, "X/A: b"s, "X=A: b"s); // 40
  INFO(line);
  CHECK(is_malformed(post({line})));
}

TEST_CASE("fields: the first field line may not begin with a space") {
  CHECK(is_malformed("GET / HTTP/1.1\r\n Host: proxy.test\r\n\r\n")); // 35
  CHECK(is_malformed("GET / HTTP/1.1\r\n\tHost: proxy.test\r\nHost: proxy.test\r\n\r\n"));
}

TEST_CASE("fields: names that are known but for underscores are refused") {
  const std::string name = GENERATE("Content_Length"s, "content_length"s, "Transfer_Encoding"s,
                                    "X_API_KEY"s, "x-api_key"s, "X_Forwarded_For"s, "X-Request_ID"s,
                                    "Keep_Alive"s, "Proxy_Authorization"s); // 41
  CHECK(is_malformed(post({name + ": 3"})));
}

TEST_CASE("fields: other names with underscores pass") {
  const auto r = read(post({"x_custom: 1", "trace_id: 2", "_: 3"}));
  REQUIRE(!r.refused);
  CHECK(r->field_count == 4);
}

TEST_CASE("fields: an empty line with a stray carriage return ends nothing") {
  CHECK(is_malformed("GET / HTTP/1.1\r\nHost: proxy.test\r\n\rX\r\n\r\n")); // 42
  CHECK(is_malformed("GET / HTTP/1.1\r\nHost: proxy.test\r\n\r\r\n\r\n"));
  CHECK(is_malformed("GET / HTTP/1.1\r\nHost: proxy.test\r\r\n\r\n"));
}

TEST_CASE("fields: a hundred fields are read, one more is too many") {
  std::string lines = "GET / HTTP/1.1\r\nHost: proxy.test\r\n";
  for (int i = 0; i < 99; ++i)
    lines += "X-" + std::to_string(i) + ": y\r\n";
  const auto r = read(lines + "\r\n");
  REQUIRE(!r.refused);
  CHECK(r->field_count == 100);
  CHECK(r->all().back().name == "X-98");
  CHECK(refusal(lines + "X: y\r\n\r\n") == refusal_code::header_too_large); // 43
  CHECK(refusal(get("/"), {.fields_max = 0}) == refusal_code::header_too_large);
  CHECK(!refusal(get("/"), {.fields_max = 1}));
  CHECK(!refusal(lines + "\r\n", {.fields_max = 1000}));
  CHECK(refusal(lines + "X: y\r\n\r\n", {.fields_max = 1000}) == refusal_code::header_too_large);
}

TEST_CASE("fields: a head may be as large as the limit and no larger") {
  const std::string text = post({"X: " + std::string(30'000, 'y')});
  CHECK(!refusal(text, {.bytes_max = text.size()}));
  CHECK(refusal(text, {.bytes_max = text.size() - 1}) == refusal_code::header_too_large); // 44
  // Values over 64 KiB, which Beast throws at.
  const std::string huge = post({"X: " + std::string(70'000, 'y')});
  CHECK(refusal(huge) == refusal_code::header_too_large);
  CHECK(!refusal(huge, {.bytes_max = 100'000}));
}

TEST_CASE("fields: what two readers could take from different lines is sent once") {
  const std::string name =
      GENERATE("Authorization"s, "x-api-key"s, "Content-Type"s, "Content-Encoding"s, "Origin"s,
               "Referer"s, "Idempotency-Key"s, "Connection"s); // 80
  CHECK(!refusal(post({name + ": a"})));
  CHECK(is_malformed(post({name + ": a", name + ": a"})));
  CHECK(is_malformed(post({name + ": a", "X: y", name + ": b"})));
  CHECK(is_malformed(post({"Expect: 100-continue", "expect: 100-continue"})));
}

TEST_CASE("fields: values are read into the members that stand for them") {
  const auto r =
      read(post({"authorization: Bearer sk-ds-a", "X-API-Key: sk-ds-b", "Referer: https://a.test/x",
                 "Origin: https://a.test", "Content-Type: application/json; charset=utf-8",
                 "idempotency-key:k1", "User-Agent: \tOpenAI/Python 1.0 "}));
  REQUIRE(!r.refused);
  CHECK(r->authorization == "Bearer sk-ds-a");
  CHECK(r->x_api_key == "sk-ds-b"); // 81: both are shown, the session judges
  CHECK(r->referer == "https://a.test/x");
  CHECK(r->origin == "https://a.test");
  CHECK(r->content_type == "application/json; charset=utf-8");
  CHECK(r->idempotency_key == "k1");
  CHECK(r->user_agent == "OpenAI/Python 1.0");
  REQUIRE(r->field_count == 8);
  CHECK(r->fields[1].name == "authorization");
  CHECK(r->fields[3].id == proxy::http::field_id::referer);
  CHECK(r->fields[7].value == "OpenAI/Python 1.0");
}

TEST_CASE("fields: nothing of an earlier request is left in a head that is read again") {
  const auto full =
      post({"Authorization: a", "x-api-key: b", "Connection: close, upgrade", "Upgrade: websocket",
            "Content-Length: 5", "Content-Encoding: gzip", "Expect: 100-continue", "Referer: r",
            "Origin: o", "User-Agent: u", "Content-Type: t", "Idempotency-Key: i"});
  auto r = read(full);
  REQUIRE(!r.refused);
  const std::string plain = get("/");
  REQUIRE(!proxy::http::parse_request_head(*r.head, plain, {}));
  for (const std::string_view member :
       {r->authorization, r->x_api_key, r->connection_options, r->referer, r->origin, r->user_agent,
        r->content_type, r->idempotency_key, r->query})
    CHECK(member.empty());
  CHECK(!r->upgrade_websocket);
  CHECK(!r->expect_continue);
  CHECK(!r->content_encoded);
  CHECK(r->keep_alive);
  CHECK(r->content_length == 0);
  CHECK(r->body == proxy::http::framing::none);
  CHECK(r->field_count == 1);
}

TEST_CASE("fields: a connection persists by version and by Connection's options") {
  const auto keeps = [](const std::string& version, const std::string& lines) {
    const auto r = read("GET / " + version + "\r\nHost: h\r\n" + lines + "\r\n");
    REQUIRE(!r.refused);
    return r->keep_alive;
  };
  CHECK(keeps("HTTP/1.1", ""));
  CHECK(!keeps("HTTP/1.1", "Connection: Close\r\n"));
  CHECK(!keeps("HTTP/1.1", "Connection: keep-alive, ,close\r\n"));
  CHECK(!keeps("HTTP/1.0", ""));
  CHECK(keeps("HTTP/1.0", "Connection: Keep-Alive\r\n"));
  CHECK(!keeps("HTTP/1.0", "Connection: keep-alive, close\r\n"));
  CHECK(keeps("HTTP/1.1", "Connection: closed\r\n"));
}

TEST_CASE("fields: Connection lists tokens") {
  const auto r = read(post({"Connection: Authorization, X-Forwarded-For"})); // 82
  REQUIRE(!r.refused);
  CHECK(r->connection_options == "Authorization, X-Forwarded-For");
  CHECK(is_malformed(post({"Connection: a b"})));
  CHECK(is_malformed(post({"Connection: \"close\""})));
  CHECK(is_malformed(post({"Connection: close;q=1"})));
}

TEST_CASE("fields: an upgrade is one to WebSocket that Connection announces") {
  const auto upgrades = [](std::initializer_list<std::string> lines) {
    const auto r = read(post(lines));
    REQUIRE(!r.refused);
    return r->upgrade_websocket;
  };
  CHECK(upgrades({"Connection: keep-alive, Upgrade", "Upgrade: WebSocket"}));
  CHECK(!upgrades({"Upgrade: websocket"}));
  CHECK(!upgrades({"Connection: upgrade"}));
  CHECK(!upgrades(
      {"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMA"})); // 84
  CHECK(upgrades({"Connection: upgrade", "Upgrade: h2c, websocket"}));
  const auto old =
      read("GET / HTTP/1.0\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  CHECK(!old->upgrade_websocket);
}

TEST_CASE("fields: of expectations only 100-continue is known") {
  const auto r = read(post({"Expect: 100-Continue", "Content-Length: 5"})); // 96
  REQUIRE(!r.refused);
  CHECK(r->expect_continue);
  CHECK(refusal(post({"Expect: 200-ok"})) == refusal_code::expectation_failed); // 97
  CHECK(refusal(post({"Expect:"})) == refusal_code::expectation_failed);
  CHECK(refusal(post({"Expect: 100-continue, x"})) == refusal_code::expectation_failed);
  const auto old = read("POST / HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\n\r\n");
  REQUIRE(!old.refused);
  CHECK(!old->expect_continue);
}

TEST_CASE("fields: an encoded body is noticed") {
  CHECK(read(post({"Content-Encoding: gzip"}))->content_encoded); // 100
  CHECK(read(post({"Content-Encoding: identity, gzip"}))->content_encoded);
  CHECK(!read(post({"Content-Encoding: Identity"}))->content_encoded);
  CHECK(!read(post({}))->content_encoded);
}
