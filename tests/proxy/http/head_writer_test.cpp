// What reaches the upstream and the client: cases 82, 83, 86 and 88, and the framing we write.
#include <array>
#include <string>

#include "proxy/http/head_writer.hpp"
#include "tests/proxy/http/heads.hpp"
#include "tests/support/catch.hpp"

using namespace heads;
using namespace std::string_literals;
using proxy::http::framing;
using proxy::http::head_writer;
using proxy::http::upstream_identity;

namespace {

const upstream_identity deepseek{"api.deepseek.com", "", "sk-real"};
const std::string ours = "Host: api.deepseek.com\r\nAuthorization: Bearer sk-real\r\n"
                         "Accept-Encoding: identity\r\nx-request-id: req-1\r\n";

std::string upstream_head(const request_outcome& client, const upstream_identity& to = deepseek,
                          proxy::http::request_framing body = {framing::length, 5}) {
  std::array<char, 16384> room;
  head_writer out{room};
  proxy::http::write_upstream_head(out, *client.head, to, "req-1", body);
  REQUIRE(out.ok());
  return std::string(out.text());
}

std::string client_fields(const response_outcome& upstream) {
  std::array<char, 16384> room;
  head_writer out{room};
  proxy::http::write_client_fields(out, *upstream.head);
  REQUIRE(out.ok());
  return std::string(out.text());
}

} // namespace

TEST_CASE("head_writer: a request goes on with its end-to-end fields first and ours last") {
  const auto r =
      read("POST /v1/chat/completions?a=b HTTP/1.0\r\nHost: proxy.test\r\n"
           "Authorization: Bearer sk-ds-x\r\nContent-Type:application/json\r\n"
           "User-Agent: \tOpenAI/Python \r\nX-Stainless-Lang: python\r\nx-sim-fault: 500\r\n"
           "Content-Length: 9\r\nIdempotency-Key: k\r\n\r\n");
  REQUIRE(!r.refused);
  CHECK(upstream_head(r) ==
        "POST /v1/chat/completions?a=b HTTP/1.1\r\n"
        "Content-Type: application/json\r\nUser-Agent: OpenAI/Python\r\n"
        "X-Stainless-Lang: python\r\nx-sim-fault: 500\r\nIdempotency-Key: k\r\n" +
            ours + "Content-Length: 5\r\n\r\n");
}

TEST_CASE("head_writer: the base path stands in front of the target") {
  const auto r = read(get("http://proxy.test/models"));
  CHECK(upstream_head(r, {"h", "/beta", "k"}, {}) ==
        "GET /beta/models HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer k\r\n"
        "Accept-Encoding: identity\r\nx-request-id: req-1\r\n\r\n");
}

TEST_CASE("head_writer: framing is ours") {
  const auto r = read(post({"Transfer-Encoding: chunked"}));
  CHECK(upstream_head(r, deepseek, {framing::chunked, 0})
            .ends_with("\r\nTransfer-Encoding: chunked\r\n\r\n"));
  CHECK(upstream_head(r, deepseek, {framing::length, 12345678901})
            .ends_with(ours + "Content-Length: 12345678901\r\n\r\n"));
  CHECK(upstream_head(r, deepseek, {}).ends_with(ours + "Content-Length: 0\r\n\r\n"));
  CHECK(upstream_head(read(get("/")), deepseek, {}).ends_with(ours + "\r\n"));
}

TEST_CASE("head_writer: what ends at this hop, or claims what we claim, is not passed on") {
  const std::string line = GENERATE(
      "Keep-Alive: timeout=5"s, "TE: trailers"s, "Trailer: X"s, "Proxy-Authorization: Basic x"s,
      "Proxy-Connection: keep-alive"s, "proxy-anything: x"s, "Upgrade: h2c"s, "HTTP2-Settings: x"s,
      "Connection: keep-alive"s, // 83
      "X-Forwarded-For: 6.6.6.6"s, "x-forwarded-proto: https"s, "X-Forwarded-Whatever: x"s,
      "Forwarded: for=6.6.6.6"s, "X-Real-IP: 6.6.6.6"s, // 86
      "x-api-key: sk-ds-x"s, "authorization: Bearer sk-ds-x"s, "Accept-Encoding: gzip, br"s,
      "Cookie: a=b"s, "Cookie2: x"s, "Referer: https://a.test"s, "Origin: https://a.test"s,
      "X-Request-Id: theirs"s, "Expect: 100-continue"s, "X-HTTP-Method-Override: DELETE"s,
      "X-Method-Override: DELETE"s, "X-HTTP-Method: DELETE"s, "X-Original-URL: /user/balance"s,
      "X-Rewrite-URL: /user/balance"s);
  INFO(line);
  const auto r = read(post({line, "X-Kept: 1"}));
  REQUIRE(!r.refused);
  CHECK(upstream_head(r) ==
        "POST /v1/chat/completions HTTP/1.1\r\nX-Kept: 1\r\n" + ours + "Content-Length: 5\r\n\r\n");
}

TEST_CASE("head_writer: what Connection lists is removed from the client's fields, not from ours") {
  const auto r = read(
      post({"Connection: Authorization, X-Forwarded-For,x-named , Host", "X-Named: gone",
            "X-Name: kept", "Authorization: Bearer sk-ds-x", "X-Forwarded-For: 6.6.6.6"})); // 82
  REQUIRE(!r.refused);
  CHECK(upstream_head(r) == "POST /v1/chat/completions HTTP/1.1\r\nX-Name: kept\r\n" + ours +
                                "Content-Length: 5\r\n\r\n");
}

TEST_CASE(
    "head_writer: an answer goes on without framing, hop-by-hop and what names the upstream") {
  const auto r =
      answer(ok({"Content-Type: application/json", "Content-Length: 5", "Server: openresty",
                 "Set-Cookie: a=b", "x-request-id: theirs", "x-ratelimit-limit-requests: 9",
                 "x-budget-limit-usd: 1", "Alt-Svc: h3", "Connection: keep-alive, X-Hop",
                 "X-Hop: gone", "Strict-Transport-Security: max-age=1", "Keep-Alive: x",
                 "x-ds-trace-id: kept", "Retry-After: 3", "X-Sim-Bill: 7"},
                "HTTP/1.0 429 Too Many Requests"));
  REQUIRE(!r.error);
  CHECK(client_fields(r) == "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n"
                            "x-ds-trace-id: kept\r\nRetry-After: 3\r\nX-Sim-Bill: 7\r\n");
}

TEST_CASE("head_writer: the proxy's own fields may be looked up by hand") {
  CHECK(proxy::http::hop_by_hop({"Keep-Alive", "x"}, {}));
  CHECK(proxy::http::hop_by_hop({"X-Named", "x"}, "close, x-NAMED"));
  CHECK(!proxy::http::hop_by_hop({"X-Named", "x"}, "close, x-name"));
  CHECK(!proxy::http::hop_by_hop({"Content-Type", "x"}, {}));
}

TEST_CASE("head_writer: a value with a line end or control is left out and reported") {
  const std::string bad =
      GENERATE("a\r\nX: b"s, "a\rb"s, "a\nb"s, "a\0b"s, "\x7f"s, "a\x01"s); // 88
  std::array<char, 256> room;
  head_writer out{room};
  out.line("x-good", "1");
  out.line("x-bad", bad);
  out.line("x-good", std::uint64_t{18446744073709551615u});
  CHECK(!out.ok());
  CHECK(out.text() == "x-good: 1\r\nx-good: 18446744073709551615\r\n");
}

TEST_CASE("head_writer: nothing configured or computed can inject a line upstream") {
  const std::string bad = "a\r\nX: b";
  const auto r = read(post({}));
  const auto write = [&](const upstream_identity& to, std::string_view id) {
    std::array<char, 1024> room;
    head_writer out{room};
    proxy::http::write_upstream_head(out, *r.head, to, id, {});
    CHECK(out.text().find("X: b") == std::string_view::npos);
    return out.ok();
  };
  CHECK(write({"h", "/b", "k"}, "id"));
  CHECK(!write({bad, "", "k"}, "id"));
  CHECK(!write({"h", bad, "k"}, "id"));
  CHECK(!write({"h", "/a b", "k"}, "id"));
  CHECK(!write({"h", "", bad}, "id"));
  CHECK(!write({"h", "", "k"}, bad));
}

TEST_CASE("head_writer: what does not fit is left out whole and reported") {
  const auto r = read(post({"X-A: " + std::string(100, 'a')}));
  std::array<char, 1024> room;
  head_writer all{room};
  proxy::http::write_upstream_head(all, *r.head, deepseek, "req-1", {});
  REQUIRE(all.ok());
  const std::size_t needed = all.text().size();
  for (std::size_t size = 0; size < needed; ++size) {
    head_writer out{std::span<char>{room}.first(size)};
    proxy::http::write_upstream_head(out, *r.head, deepseek, "req-1", {});
    REQUIRE(!out.ok());
    REQUIRE(out.text().size() <= size);
  }
  head_writer exact{std::span<char>{room}.first(needed)};
  proxy::http::write_upstream_head(exact, *r.head, deepseek, "req-1", {});
  CHECK(exact.ok());
}
