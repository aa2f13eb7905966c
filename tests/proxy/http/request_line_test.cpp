// The request line and the target: hostile cases 1 to 30, and 19 to 21's methods.
#include "tests/proxy/http/heads.hpp"
#include "tests/support/catch.hpp"

using namespace heads;
using namespace std::string_literals;

TEST_CASE("request_line: an ordinary request is read into views of its own bytes") {
  const auto r =
      read("POST /v1/chat/completions?a=b%20c HTTP/1.1\r\nHost: proxy.test:8080\r\n\r\n");
  REQUIRE(!r.refused);
  CHECK(r->method == "POST");
  CHECK(r->target == "/v1/chat/completions?a=b%20c");
  CHECK(r->path == "/v1/chat/completions");
  CHECK(r->query == "a=b%20c");
  CHECK(r->host == "proxy.test:8080");
  CHECK(r->http_1_1);
  CHECK(r->keep_alive);
  CHECK(r->body == proxy::http::framing::none);
  CHECK(r->field_count == 1);
  for (const std::string_view part : {r->method, r->target, r->path, r->query, r->host})
    CHECK((part.data() >= r.text.data() && part.data() < r.text.data() + r.text.size()));
}

TEST_CASE("request_line: any spelling but token, space, target, space, version is refused") {
  const std::string line =
      GENERATE("GET / HTTP/1.1\nHost: proxy.test\n\n"s,               // 1 bare LF
               "GET / HTTP/1.1\nHost: proxy.test\r\n\r\n"s,           // 1
               "GET  / HTTP/1.1\r\nHost: proxy.test\r\n\r\n"s,        // 2 two spaces
               "GET /  HTTP/1.1\r\nHost: proxy.test\r\n\r\n"s,        // 2
               "GET\t/ HTTP/1.1\r\nHost: proxy.test\r\n\r\n"s,        // 3 tab
               "GET /\tHTTP/1.1\r\nHost: proxy.test\r\n\r\n"s,        // 3
               " GET / HTTP/1.1\r\nHost: proxy.test\r\n\r\n"s,        // 4 leading space
               "\tGET / HTTP/1.1\r\nHost: proxy.test\r\n\r\n"s,       // 4
               "GET / HTTP/1.1 \r\nHost: proxy.test\r\n\r\n"s,        // 5 space after version
               "GET / HTTP/1.1\t\r\nHost: proxy.test\r\n\r\n"s,       // 5
               "GET /\r\n\r\n"s,                                      // 6 HTTP/0.9
               "GET /\r\nHost: proxy.test\r\n\r\n"s,                  // 6
               "GET / http/1.1\r\nHost: proxy.test\r\n\r\n"s,         // 7
               "GET / HTTP/1.\r\nHost: proxy.test\r\n\r\n"s,          // 7
               "GET / HTTP/.1\r\nHost: proxy.test\r\n\r\n"s,          // 7
               "GET / HTTP/\r\nHost: proxy.test\r\n\r\n"s,            // 7
               "GET / HTTP/1.1.1\r\nHost: proxy.test\r\n\r\n"s,       // 7
               "GET / HTTPS/1.1\r\nHost: proxy.test\r\n\r\n"s,        // 7
               "GET / HTTP 1.1\r\nHost: proxy.test\r\n\r\n"s,         // 7
               "G@T / HTTP/1.1\r\nHost: proxy.test\r\n\r\n"s,         // 9
               "G(T / HTTP/1.1\r\nHost: proxy.test\r\n\r\n"s,         // 9
               "G\xc3T / HTTP/1.1\r\nHost: proxy.test\r\n\r\n"s,      // 9
               "G\0T / HTTP/1.1\r\nHost: proxy.test\r\n\r\n"s,        // 13
               "GET\r/ HTTP/1.1\r\nHost: proxy.test\r\n\r\n"s,        // 13
               "\r\n\r\nGET / HTTP/1.1\r\nHost: proxy.test\r\n\r\n"s, // 15: one empty line, not two
               "\nGET / HTTP/1.1\r\nHost: proxy.test\r\n\r\n"s,       // 15
               "\r\n GET / HTTP/1.1\r\nHost: proxy.test\r\n\r\n"s, "\r\n\r\n"s, "GET\r\n\r\n"s,
               "GET \r\n\r\n"s, " \r\n\r\n"s,
               "GETGETGETGETGETGETGETGETGETGETGETGET / HTTP/1.1\r\nHost: proxy.test\r\n\r\n"s);
  INFO(line);
  CHECK(is_malformed(line));
}

TEST_CASE("request_line: versions that exist but are not spoken are told so") {
  const std::string version =
      GENERATE("HTTP/1.2"s, "HTTP/2.0"s, "HTTP/1.10"s, "HTTP/2"s, "HTTP/0.9"s, "HTTP/3"s); // 7
  CHECK(refusal(first_line("GET / " + version)) == refusal_code::version_unsupported);
}

TEST_CASE("request_line: the HTTP/2 preface is refused as a version") {
  CHECK(refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == refusal_code::version_unsupported); // 8
}

TEST_CASE("request_line: unknown methods are the router's to refuse") {
  const std::string method = GENERATE("BREW"s, "get"s, "PROPFIND"s, "M-SEARCH"s); // 10
  const auto r = read(first_line(method + " / HTTP/1.1"));
  REQUIRE(!r.refused);
  CHECK(r->method == method);
}

TEST_CASE("request_line: a target begins with a slash and holds no octet that must be escaped") {
  const std::string target =
      GENERATE("v1/models"s, "models"s, "?a=b"s, "@"s, // 11
               "/a#b"s, "/a\\b"s, "/a\"b"s, "/a<b"s, "/a>b"s, "/a^b"s, "/a{b"s, "/a|b"s, "/a}b"s,
               "/a`b"s, "/a\x80"s, "/\xff"s, "/\xc3\xa4"s,                                // 12
               "/a\0b"s, "/a\x01"s, "/a\x7f"s, "/a\x0b"s, "/a\x1f"s, "/a\rb"s, "/a\nb"s); // 13
  INFO(target);
  CHECK(is_malformed(get(target)));
}

TEST_CASE("request_line: a target may be 8192 octets long and no longer") {
  CHECK(!refusal(get("/" + std::string(8191, 'a'))));
  CHECK(refusal(get("/" + std::string(8192, 'a'))) == refusal_code::uri_too_long); // 14
  CHECK(refusal("GET /" + std::string(9000, 'a')) == refusal_code::uri_too_long);
}

TEST_CASE("request_line: one empty line in front of a request is tolerated") {
  const auto r = read("\r\n" + get("/v1/models")); // 15
  REQUIRE(!r.refused);
  CHECK(r->method == "GET");
  CHECK(!refusal("\r\n" + get("/v1/models")));
}

TEST_CASE("request_line: the absolute form is served only if it names the Host field's host") {
  CHECK(is_malformed(get("http://other.test/v1/models")));    // 16
  CHECK(is_malformed(get("http://proxy.test:80/v1/models"))); // 16: ports are compared too
  CHECK(is_malformed(get("http://proxy.test.evil/v1/models")));
  CHECK(is_malformed(get("http://")));
  CHECK(is_malformed(get("http:///v1/models")));
  CHECK(is_malformed(get("ftp://proxy.test/v1/models")));
  CHECK(is_malformed(get("http:/proxy.test/v1/models")));
  CHECK(is_malformed(get("proxy.test/v1/models")));
  CHECK(is_malformed(get("http://proxy.test?a=b")));
  CHECK(is_malformed(get("http://user@proxy.test/v1/models"))); // 18
  CHECK(is_malformed(get("http://proxy.test@other.test/")));    // 18

  const auto r = read(get("HTTP://Proxy.TEST/v1/models?limit=1")); // 17
  REQUIRE(!r.refused);
  CHECK(r->target == "/v1/models?limit=1");
  CHECK(r->path == "/v1/models");
  CHECK(r->query == "limit=1");
  const auto bare = read(get("https://proxy.test"));
  REQUIRE(!bare.refused);
  CHECK(bare->target == "/");
  CHECK(bare->path == "/");
}

TEST_CASE("request_line: CONNECT and TRACE are methods that are not allowed") {
  CHECK(refusal(first_line("CONNECT proxy.test:443 HTTP/1.1")) ==
        refusal_code::method_not_allowed);                                            // 19
  CHECK(refusal(first_line("TRACE / HTTP/1.1")) == refusal_code::method_not_allowed); // 20
  CHECK(!refusal(first_line("connect / HTTP/1.1"))); // another method, which the router refuses
}

TEST_CASE("request_line: only OPTIONS may ask for the server as a whole") {
  CHECK(is_malformed(get("*"))); // 21
  CHECK(is_malformed(first_line("OPTIONS ** HTTP/1.1")));
  const auto r = read(first_line("OPTIONS * HTTP/1.1"));
  REQUIRE(!r.refused);
  CHECK(r->target == "*");
  CHECK(r->path == "*");
}

TEST_CASE("request_line: malformed escapes and escaped controls are refused") {
  const std::string target = GENERATE(
      "/v1/models%00"s, "/v1/%0d%0aX:%20y"s, "/v1?a=%0D%0A"s, "/%1f"s, "/%7f"s, "/%7F"s, // 26
      "/%zz"s, "/%"s, "/%a"s, "/a%2"s, "/%%41"s, "/?q=100%"s, "/%g1"s, "/%1g"s);         // 27
  INFO(target);
  CHECK(is_malformed(get(target)));
}

TEST_CASE("request_line: what the router compares is byte for byte what is sent") {
  // 22 to 25, 28 to 30: nothing is decoded or normalised, so none of these is a route.
  const std::string path =
      GENERATE("/v1/../admin"s, "/%2e%2e/models"s, "/.%2e/models"s, "/v1%2fmodels"s,
               "/v1%5cmodels"s, "//v1/models"s, "/%252e/models"s, "/v1/models;a=b"s, "/./models"s);
  const auto r = read(get(path + "?x=/../%2f"));
  REQUIRE(!r.refused);
  CHECK(r->path == path);
  CHECK(r->target == path + "?x=/../%2f");
  CHECK(r->query == "x=/../%2f");
}

TEST_CASE("request_line: the query begins at the first question mark") {
  const auto r = read(get("/v1/models?a?b"));
  REQUIRE(!r.refused);
  CHECK(r->path == "/v1/models");
  CHECK(r->query == "a?b");
  const auto empty = read(get("/v1/models?"));
  REQUIRE(!empty.refused);
  CHECK(empty->path == "/v1/models");
  CHECK(empty->query.empty());
}
