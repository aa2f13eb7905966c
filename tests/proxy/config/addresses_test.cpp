// Listen addresses and the upstream's URL: what is understood, and what is refused in which words.
#include "tests/proxy/config/support.hpp"

using namespace config_test;

namespace {

std::string refusal_of(std::string_view url) {
  const auto parsed = config::parse_upstream(url);
  return parsed ? "accepted" : parsed.error().message;
}

} // namespace

TEST_CASE("parse_listen: IPv4, IPv6 in brackets and localhost, each with its port") {
  struct row {
    std::string_view text, host;
    int port;
  };
  for (const row& each :
       {row{"127.0.0.1:8080", "127.0.0.1", 8080}, row{"0.0.0.0:80", "0.0.0.0", 80},
        row{"[::1]:0", "::1", 0}, row{"[::]:65535", "::", 65535},
        row{"[2001:db8::7]:443", "2001:db8::7", 443},
        row{"[::ffff:192.0.2.1]:1", "::ffff:192.0.2.1", 1},
        row{"localhost:8080", "127.0.0.1", 8080}}) {
    INFO(each.text);
    const auto parsed = config::parse_listen(each.text);
    REQUIRE(parsed.has_value());
    CHECK(parsed->host == each.host);
    CHECK(parsed->port == each.port);
  }
}

TEST_CASE("parse_listen: what leaves the address or the port open is refused") {
  using namespace std::string_view_literals;
  for (const std::string_view text : {""sv,
                                      ":"sv,
                                      ":8080"sv,
                                      "8080"sv,
                                      "127.0.0.1"sv,
                                      "127.0.0.1:"sv,
                                      "127.0.0.1:65536"sv,
                                      "127.0.0.1:-1"sv,
                                      "127.0.0.1:+1"sv,
                                      "127.0.0.1:80 "sv,
                                      " 127.0.0.1:80"sv,
                                      "127.0.0.1:0x50"sv,
                                      "127.0.0.1:http"sv,
                                      "127.1:80"sv,
                                      "127.0.0.256:80"sv,
                                      "127.0.0.01:80"sv,
                                      "::1:80"sv,
                                      "[::1]"sv,
                                      "[::1]80"sv,
                                      "[]:80"sv,
                                      "[127.0.0.1]:80"sv,
                                      "[::1:80"sv,
                                      "[fe80::1%lo]:80"sv,
                                      "example.com:80"sv,
                                      "*:80"sv,
                                      "127.0.0.1\0:80"sv,
                                      "[::1\0]:80"sv}) {
    INFO(text);
    CHECK_FALSE(config::parse_listen(text).has_value());
  }
}

TEST_CASE("parse_upstream: scheme, host, port and path") {
  struct row {
    std::string_view url;
    bool tls;
    std::string_view host;
    int port;
    std::string_view path;
  };
  for (const row& each :
       {row{"https://api.deepseek.com", true, "api.deepseek.com", 443, ""},
        row{"https://api.deepseek.com/", true, "api.deepseek.com", 443, ""},
        row{"http://localhost:8000/v1/", false, "localhost", 8000, "/v1"},
        row{"http://10.0.0.1", false, "10.0.0.1", 80, ""},
        row{"https://[2001:db8::1]", true, "2001:db8::1", 443, ""},
        row{"http://[::1]:81/a/b//", false, "::1", 81, "/a/b"},
        row{"https://my_proxy:65535/~x/-._", true, "my_proxy", 65535, "/~x/-._"}}) {
    INFO(each.url);
    const auto parsed = config::parse_upstream(each.url);
    REQUIRE(parsed.has_value());
    CHECK(parsed->tls == each.tls);
    CHECK(parsed->host == each.host);
    CHECK(parsed->port == each.port);
    CHECK(parsed->base_path == each.path);
  }
}

TEST_CASE("parse_upstream: a URL that would mean something else upstream is refused") {
  using namespace std::string_view_literals;
  for (const std::string_view url : {""sv, "api.deepseek.com"sv, "ftp://host"sv, "HTTPS//host"sv})
    CHECK(has(refusal_of(url), "does not begin with http:// or https://"));
  for (const std::string_view url :
       {"https://"sv, "https:///v1"sv, "https://[]"sv, "https://[host]"sv, "https://[127.0.0.1]"sv,
        "https://[::1"sv, "https://::1"sv, "https://a b"sv, "https://host?x"sv, "https://host#x"sv,
        "https://h\r\nX: y"sv, "https://h\0st"sv, "https://[::1\0]"sv, "https://h%6Fst"sv})
    CHECK(has(refusal_of(url), "has no valid"));
  for (const std::string_view url : {"https://host:"sv, "https://host:0"sv, "https://host:65536"sv,
                                     "https://host:80a"sv, "https://host:-1/"sv})
    CHECK(has(refusal_of(url), "has no valid port"));
  for (const std::string_view url :
       {"https://host/a?b"sv, "https://host/#"sv, "https://host/%2e"sv, "https://host/a b"sv,
        "https://host/a\r\nX: y"sv, "https://host/\0"sv, "https://host/\xc3\xa9"sv,
        "https://host/\x7f"sv, "https://host/\"<>"sv})
    CHECK(has(refusal_of(url), "has a query, a fragment, an escape or a blank"));
}

TEST_CASE("settings: a wrong address or URL is named once, with an example or the rule") {
  CHECK(complaint_of("[server]\nlisten = \"localhost\"\n") ==
        "proxy.toml:2: server.listen: \"localhost\" is no IP address and port (accepts an address "
        "and port, like \"127.0.0.1:8080\" or \"[::1]:8080\")");
  CHECK(complaint_of("[upstream]\nurl = \"api.deepseek.com\"\n") ==
        "proxy.toml:2: upstream.url: \"api.deepseek.com\" does not begin with http:// or https:// "
        "(accepts http:// or https:// with a host, and maybe a path)");
  CHECK(complaint_of("[upstream]\nurl = \"http://a\\u000ab\"\n") ==
        "proxy.toml:2: upstream.url: \"http://a\\u000Ab\" has no valid host (accepts http:// or "
        "https:// with a host, and maybe a path)");
}
