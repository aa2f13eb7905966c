// Patterns of web pages against what browsers, and those who only claim to be one, send.
#include <initializer_list>
#include <string>
#include <vector>

#include "policies/access/referrer_list.hpp"
#include "tests/support/catch.hpp"

using namespace policies::access;

namespace {

referrer_pattern pattern(std::string_view text) {
  const parsed_referrer parsed = parse_referrer(text);
  INFO(text << ": " << parsed.error);
  REQUIRE(parsed.pattern);
  return *parsed.pattern;
}

struct row {
  std::string_view text;
  std::string_view referer;
  bool matches;
};

} // namespace

TEST_CASE("referrer: scheme, host, port and path decide, each by its own rule") {
  for (const row& each : std::initializer_list<row>{
           {"https://yourdomain.com/*", "https://yourdomain.com/", true},
           {"https://yourdomain.com/*", "https://yourdomain.com", true},
           {"https://yourdomain.com/*", "https://yourdomain.com/a/b?q=1#f", true},
           {"https://yourdomain.com/*", "HTTPS://YourDomain.COM/a", true},
           {"https://YOURDOMAIN.com", "https://yourdomain.com/a", true},
           {"https://yourdomain.com/*", "http://yourdomain.com/", false},
           {"https://yourdomain.com/*", "https://app.yourdomain.com/", false},
           {"https://yourdomain.com/*", "https://yourdomain.com.evil.net/", false},
           {"https://yourdomain.com/*", "https://evilyourdomain.com/", false},
           {"https://yourdomain.com/*", "https://evil.net/https://yourdomain.com/", false},
           {"https://yourdomain.com/*", "https://evil.net?https://yourdomain.com/", false},
           {"yourdomain.com", "http://yourdomain.com/x", true},
           {"yourdomain.com", "https://yourdomain.com/x", true},
           {"yourdomain.com", "http://yourdomain.com:443/", false},
           {"yourdomain.com", "https://yourdomain.com:8443/", false},
           {"https://*.yourdomain.com", "https://app.yourdomain.com/", true},
           {"https://*.yourdomain.com", "https://a.b.yourdomain.com/", true},
           {"https://*.yourdomain.com", "https://yourdomain.com/", false},
           {"https://*.yourdomain.com", "https://.yourdomain.com/", false},
           {"https://*.yourdomain.com", "https://evilyourdomain.com/", false},
           {"https://*.yourdomain.com", "https://a.YOURDOMAIN.com", true},
           {"https://a.com", "https://a.com:443/", true},
           {"https://a.com:443", "https://a.com/", true},
           {"http://a.com", "http://a.com:80/", true},
           {"http://a.com", "http://a.com:8080/", false},
           {"a.com:8080", "https://a.com:8080/", true},
           {"a.com:443", "http://a.com/", false},
           {"http://localhost:*/*", "http://localhost:5173/x", true},
           {"http://localhost:*/*", "http://localhost/", true},
           {"http://localhost:*/*", "http://localhost.evil.net:5173/", false},
           {"http://127.0.0.1:*", "http://127.0.0.1:3000/", true},
           {"http://[::1]:3000", "http://[::1]:3000/", true},
           {"http://[::1]:3000", "http://[::1]/", false},
       }) {
    CAPTURE(each.text, each.referer);
    CHECK(matches(pattern(each.text), each.referer) == each.matches);
  }
}

TEST_CASE("referrer: a star in the path stands for any run of characters, case counts") {
  for (const row& each : std::initializer_list<row>{
           {"a.com/", "https://a.com/", true},
           {"a.com/", "https://a.com", true},
           {"a.com/", "https://a.com/x", false},
           {"a.com/app", "https://a.com/app", true},
           {"a.com/app", "https://a.com/app?x=1", true},
           {"a.com/app", "https://a.com/app#x", true},
           {"a.com/app", "https://a.com/App", false},
           {"a.com/app", "https://a.com/app/", false},
           {"a.com/app/*", "https://a.com/app/", true},
           {"a.com/app/*", "https://a.com/app", false},
           {"a.com/app*", "https://a.com/application", true},
           {"a.com/*/edit", "https://a.com/1/2/edit", true},
           {"a.com/*/edit", "https://a.com/edit", false},
           {"a.com/*/edit", "https://a.com/1/edit/2", false},
           {"a.com/*.html", "https://a.com/x.html", true},
           {"a.com/a*b*c", "https://a.com/abc", true},
           {"a.com/a*b*c", "https://a.com/a1b2b3c", true},
           {"a.com/a*b*c", "https://a.com/acb", false},
           {"a.com/ab*ba", "https://a.com/aba", false},
           {"a.com/a*a", "https://a.com/a", false},
           {"a.com/**", "https://a.com/anything", true},
           {"a.com/x**y", "https://a.com/xy", true},
           {"a.com/*x*x*", "https://a.com/x", false},
           {"a.com/*x*x*", "https://a.com/xx", true},
           {"a.com/app", "https://a.com/x?/app", false},
       }) {
    CAPTURE(each.text, each.referer);
    CHECK(matches(pattern(each.text), each.referer) == each.matches);
  }
}

TEST_CASE("referrer: what is no absolute http URL never matches") {
  const referrer_pattern wide = pattern("a.com:*/*");
  REQUIRE(matches(wide, "https://a.com/x"));
  for (const std::string_view referer : {"",
                                         "a.com",
                                         "//a.com/",
                                         "/x",
                                         "null",
                                         "about:blank",
                                         "ftp://a.com/",
                                         "file:///a.com",
                                         "javascript://a.com/",
                                         "data://a.com/",
                                         "https:/a.com/",
                                         "https:a.com",
                                         "https://",
                                         "https:///x",
                                         "https://a.com:/",
                                         "https://a.com:0/",
                                         "https://a.com:080/",
                                         "https://a.com:65536/",
                                         "https://a.com:x/",
                                         "https://a.com:*/",
                                         "https://user@a.com/",
                                         "https://user:pw@a.com/",
                                         "https://a.com@/",
                                         "https://a.com\\@evil.net/",
                                         "https://evil.net\\a.com/",
                                         "https://a.com /",
                                         " https://a.com/",
                                         "https://a.com/\t",
                                         "https://a.com./",
                                         "https://a..com/",
                                         "https://a%2ecom/",
                                         "https://*.a.com/",
                                         "https://\xd0\xb0.com/",
                                         "https://a.com/\xff",
                                         "https://[a.com]/",
                                         "https://[::1/",
                                         "https://a.com/../x",
                                         "https://a.com/x/..",
                                         "https://a.com/./x",
                                         "https://a.com/%2e%2E/x",
                                         "https://a.com/.%2e/x",
                                         "https://a.com/%2e"}) {
    CAPTURE(referer);
    CHECK_FALSE(matches(wide, referer));
  }
  CHECK_FALSE(matches(wide, std::string_view{"https://a.com/\0x", 16}));
  CHECK(matches(wide, "https://a.com/..."));
  CHECK(matches(wide, "https://a.com/.well-known/%2e-x"));
}

TEST_CASE("referrer: an Origin matches by scheme, host and port alone") {
  const referrer_pattern deep = pattern("https://a.com/app/*");
  CHECK(matches_origin(deep, "https://a.com"));
  CHECK(matches_origin(deep, "https://a.com:443"));
  CHECK_FALSE(matches_origin(deep, "http://a.com"));
  CHECK_FALSE(matches_origin(deep, "https://a.com:8443"));
  CHECK_FALSE(matches_origin(deep, "https://b.com"));
  for (const std::string_view origin :
       {"", "null", "https://a.com/", "https://a.com/app/", "https://a.com?x", "https://a.com#x",
        "https://a.com, https://a.com", "https://u@a.com"}) {
    CAPTURE(origin);
    CHECK_FALSE(matches_origin(deep, origin));
  }
}

TEST_CASE("referrer: Referer decides, Origin only where there is none, and neither is refused") {
  const std::vector<referrer_pattern> list{pattern("https://a.com/app/*"), pattern("b.com")};
  CHECK(referrer_allowed(list, "https://a.com/app/1", ""));
  CHECK(referrer_allowed(list, "https://b.com/", "https://evil.net"));
  CHECK(referrer_allowed(list, "", "https://a.com"));
  CHECK(referrer_allowed(list, "", "http://b.com"));
  CHECK_FALSE(referrer_allowed(list, "https://a.com/other", "https://a.com"));
  CHECK_FALSE(referrer_allowed(list, "nonsense", "https://a.com"));
  CHECK_FALSE(referrer_allowed(list, "", "null"));
  CHECK_FALSE(referrer_allowed(list, "", ""));
  CHECK(referrer_allowed({}, "", ""));
  CHECK(referrer_allowed({}, "https://anything.net/", "null"));
}

TEST_CASE("referrer: patterns read back from their own text") {
  struct spelling {
    std::string_view text;
    std::string_view canonical;
  };
  for (const auto& [text, canonical] : std::initializer_list<spelling>{
           {"https://yourdomain.com/*", "https://yourdomain.com/*"},
           {"HTTPS://*.YourDomain.com", "https://*.yourdomain.com/*"},
           {"http://localhost:*/*", "http://localhost:*/*"},
           {"yourdomain.com", "yourdomain.com/*"},
           {"yourdomain.com:8080/App/", "yourdomain.com:8080/App/"},
           {"http://[2001:DB8::1]:81/", "http://[2001:db8::1]:81/"},
       }) {
    CHECK(to_string(pattern(text)) == canonical);
    CHECK(pattern(canonical) == pattern(text));
  }
}

TEST_CASE("referrer: patterns that could not mean what they say are refused with a reason") {
  struct mistake {
    std::string_view text;
    std::string_view told;
  };
  for (const auto& [text, told] : std::initializer_list<mistake>{
           {"", "1 to 512"},
           {"*", "leave the list empty"},
           {"https://*", "leave the list empty"},
           {"https://*/*", "leave the list empty"},
           {"https://*.*.com", "*. in front"},
           {"https://a.*.com", "*. in front"},
           {"https://*a.com", "*. in front"},
           {"https://*.", "*. in front"},
           {"https:///x", "*. in front"},
           {"/path", "*. in front"},
           {"https://a..com", "*. in front"},
           {"https://a.com.", "*. in front"},
           {"https://*.127.0.0.1", "no subdomains"},
           {"https://*.[::1]", "no subdomains"},
           {"https://[::1", "*. in front"},
           {"https://[]/", "*. in front"},
           {"ftp://a.com", "http or https"},
           {"*://a.com", "http or https"},
           {"://a.com", "http or https"},
           {"https://user@a.com", "user info"},
           {"user:pw@a.com", "user info"},
           {"https://a.com:", "1 to 65535"},
           {"https://a.com:0", "1 to 65535"},
           {"https://a.com:0443", "1 to 65535"},
           {"https://a.com:65536", "1 to 65535"},
           {"https://a.com:8*", "1 to 65535"},
           {"https://a.com/x?y", "query"},
           {"https://a.com#x", "query"},
           {"https://a.com/a b", "visible ASCII"},
           {"https://m\xc3\xbcnchen.de", "visible ASCII"},
           {"https:\\\\a.com", "visible ASCII"},
       }) {
    CAPTURE(text);
    const parsed_referrer parsed = parse_referrer(text);
    CHECK_FALSE(parsed.pattern);
    CHECK(parsed.error.find(told) != std::string::npos);
  }
  CHECK(parse_referrer("a.com/" + std::string(506, 'x')).pattern);
  CHECK_FALSE(parse_referrer("a.com/" + std::string(507, 'x')).pattern);
  CHECK(parse_referrer(std::string(100'000, 'x')).error.size() < 250);
}
