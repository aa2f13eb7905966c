// Who gets in: the owner's key and nothing else, from this machine's names and pages alone.
#include "proxy/admin/guesses.hpp"
#include "tests/proxy/admin/plane.hpp"

using namespace proxy::admin::test;
namespace json = boost::json;
using boost::asio::ip::make_address;
using proxy::admin::guesses;
using std::chrono::milliseconds;

namespace {

call_options keyed(std::string authorization) {
  call_options options;
  options.authorization = std::move(authorization);
  return options;
}

call_options with_host(std::string host, std::vector<std::string> more = {}) {
  call_options options;
  options.host = std::move(host);
  options.more = std::move(more);
  return options;
}

void check_unauthorized(const reading& answer) {
  CHECK(answer.status == 401);
  CHECK(answer.field("www-authenticate") == "Bearer");
  const json::object error = answer.error();
  CHECK(text(error, "code") == "invalid_api_key");
  CHECK(text(error, "type") == "authentication_error");
  CHECK(text(error, "message").find(admin_key) == std::string::npos);
}

const call_options wrong_key = keyed("Bearer some-other-key");

} // namespace

TEST_CASE("admin access: without the admin key, or with another, nothing is answered or done") {
  plane p;
  const std::string secret = text(p.create(R"({"name": "x"})"), "key");
  const std::string right{admin_key};
  for (const std::string& authorization :
       {std::string(), "Bearer " + secret, "Bearer " + right + "x",
        "Bearer " + right.substr(0, right.size() - 1), std::string("Bearer "),
        std::string("Bearer"), right, "Basic " + right, "Bearer\t" + right,
        "Bearer " + right + ", Bearer " + right}) {
    INFO(authorization);
    check_unauthorized(p.call("GET", "/v1/keys", "", keyed(authorization)));
  }
  for (const auto& [method, target] : {std::pair{"POST", "/v1/keys"},
                                       {"GET", "/v1/audit"},
                                       {"GET", "/v1/ledger"},
                                       {"GET", "/v1/usage"},
                                       {"GET", "/v1/models"},
                                       {"GET", "/nothing"},
                                       {"PUT", "/v1/keys"}}) {
    INFO(method << " " << target);
    check_unauthorized(p.call(method, target, R"({"name": "y"})", keyed("")));
  }
  CHECK(p.store().list().size() == 1);
  CHECK(text(p.call("GET", "/v1/keys", "", keyed("Bearer " + secret)).error(), "message")
            .find("sub-key") != std::string::npos);
  CHECK(p.call("GET", "/v1/keys", "", keyed("bearer  " + right)).status == 200);
  call_options doubled;
  doubled.more = {"Authorization: Bearer " + right};
  check_unauthorized(p.call("GET", "/v1/keys", "", doubled));
}

TEST_CASE("admin access: a name that is not this machine's is refused (DNS rebinding)") {
  plane p;
  const std::string port = std::to_string(p.port());
  for (const std::string& host :
       {std::string("localhost"), "localhost:" + port, "LOCALHOST:" + port, "127.0.0.1:" + port,
        "[::1]:" + port, std::string("127.0.0.1")}) {
    INFO(host);
    CHECK(p.call("GET", "/v1/keys", "", with_host(host)).status == 200);
  }
  for (const std::string& host :
       {std::string("evil.example"), "evil.example:" + port, std::string(),
        std::string("localhost.evil.example"), std::string("127.0.0.1.evil.example"),
        std::string("localhost:"), std::string("localhost@evil.example"), std::string("127.1"),
        std::string("10.0.0.1"), std::string("localhost:80:80"), std::string("[::1"),
        std::string("localhost, evil.example")}) {
    INFO(host);
    for (const char* target : {"/v1/keys", "/health", "/metrics"}) {
      const auto answer = p.call("GET", target, "", with_host(host));
      CHECK(answer.status == 403);
      CHECK(text(answer.error(), "code") == "host_not_allowed");
    }
  }
  CHECK(p.call("GET", "/v1/keys", "", with_host("localhost", {"Host: localhost"})).status == 403);
}

TEST_CASE("admin access: a page of another origin is refused (CSRF)") {
  plane p;
  const std::string own = "localhost:" + std::to_string(p.port());
  for (const char* origin :
       {"http://evil.example", "http://localhost", "null", "", "http://localhost.evil.example",
        "evil", "http://localhost:1", "http://evil.example/localhost"}) {
    INFO(origin);
    const auto answer = p.call("POST", "/v1/keys", R"({"name": "x"})",
                               with_host(own, {"Origin: " + std::string(origin)}));
    CHECK(answer.status == 403);
    CHECK(text(answer.error(), "code") == "origin_not_allowed");
    CHECK(answer.field("access-control-allow-origin").empty());
  }
  CHECK(p.store().list().empty());
  CHECK(p.call("OPTIONS", "/v1/keys", "", with_host(own, {"Origin: http://evil.example"})).status ==
        403);
  const std::string mine = "Origin: http://" + own;
  CHECK(p.call("GET", "/v1/keys", "", with_host(own, {mine})).status == 200);
  CHECK(
      p.call("GET", "/v1/keys", "", with_host(own, {mine, "Origin: http://evil.example"})).status ==
      403);
}

TEST_CASE("admin access: health and metrics need no key") {
  plane p;
  const auto health = p.call("GET", "/health", "", keyed(""));
  CHECK(health.status == 200);
  CHECK(health.json() == json::object{{"status", "ok"}});
  const auto metrics = p.call("GET", "/metrics", "", keyed(""));
  CHECK(metrics.status == 200);
  CHECK(metrics.body == "keys 1\n");
  CHECK(metrics.field("content-type").starts_with("text/plain; version=0.0.4"));
}

TEST_CASE("admin access: the admin key lists the models, as the guide's client does") {
  plane p;
  const json::object list = p.call("GET", "/v1/models").json();
  CHECK(text(list, "object") == "list");
  std::vector<std::string> ids;
  for (const json::value& each : list.at("data").as_array())
    ids.push_back(text(each.as_object(), "id"));
  CHECK(std::ranges::find(ids, "deepseek-chat") != ids.end());
  CHECK(std::ranges::find(ids, "deepseek-flash") != ids.end());
}

TEST_CASE(
    "admin brute force: the 21st wrong key within a minute must wait, and so must the right") {
  plane p;
  for (int i = 0; i < 20; ++i) {
    check_unauthorized(p.call("GET", "/v1/keys", "", wrong_key));
    p.pass(milliseconds{1000});
  }
  CHECK(p.call("GET", "/v1/keys").status == 200); // twenty are not more than twenty
  const auto refused = p.call("GET", "/v1/keys", "", wrong_key);
  CHECK(refused.status == 429);
  CHECK(refused.field("retry-after") == "40"); // the first was 20 s ago
  CHECK(text(refused.error(), "code") == "too_many_wrong_keys");
  CHECK(p.call("GET", "/v1/keys").status == 429);
  CHECK(p.call("POST", "/v1/keys", R"({"name": "x"})").status == 429);
  CHECK(p.store().list().empty());
  CHECK(p.call("GET", "/health").status == 200);
  p.pass(milliseconds{39'999});
  CHECK(p.call("GET", "/v1/keys").field("retry-after") == "1");
  p.pass(milliseconds{1});
  CHECK(p.call("GET", "/v1/keys").status == 200);
  // The others are still remembered.
  CHECK(p.call("GET", "/v1/keys", "", wrong_key).status == 429);
}

TEST_CASE("admin brute force: it counts calls, on one connection as well, that send a key") {
  plane p;
  for (int i = 0; i < 40; ++i)
    check_unauthorized(p.call("GET", "/v1/keys", "", keyed("")));
  CHECK(p.call("GET", "/v1/keys").status == 200);
  connection one{p.port()};
  int unauthorized = 0;
  int refused = 0;
  for (int i = 0; i < 30; ++i) {
    one.send(plane::text_of("GET", "/v1/keys", "", wrong_key));
    const auto answer = one.read();
    REQUIRE(answer.has_value());
    unauthorized += answer->status == 401;
    refused += answer->status == 429;
  }
  CHECK(unauthorized == 20);
  CHECK(refused == 10);
}

TEST_CASE("guesses: addresses wait by themselves, IPv6 ones by their network") {
  guesses all;
  const auto now = noon;
  const auto tire = [&](const char* from) {
    for (int i = 0; i < 21; ++i)
      all.wrong(make_address(from), now);
  };
  tire("10.0.0.1");
  CHECK(all.wait(make_address("10.0.0.1"), now) == milliseconds{60'000});
  CHECK(all.wait(make_address("::ffff:10.0.0.1"), now).has_value());
  CHECK_FALSE(all.wait(make_address("10.0.0.2"), now).has_value());
  tire("2001:db8::1");
  CHECK(all.wait(make_address("2001:db8::ffff:2"), now).has_value());
  CHECK_FALSE(all.wait(make_address("2001:db8:0:1::1"), now).has_value());
  CHECK_FALSE(all.wait(make_address("10.0.0.1"), now + guesses::window).has_value());
}

TEST_CASE("guesses: a clock that is set back frees everyone, and memory is bounded") {
  guesses all;
  const auto home = make_address("10.0.0.1");
  for (int i = 0; i < 21; ++i)
    all.wrong(home, noon);
  CHECK(all.wait(home, noon - std::chrono::hours{1}) == std::nullopt);
  for (int i = 0; i < 21; ++i)
    all.wrong(home, noon);
  const auto other = [](std::uint32_t n) {
    return boost::asio::ip::address{boost::asio::ip::address_v4{0x0b000000u + n}};
  };
  const auto max = static_cast<std::uint32_t>(guesses::addresses_max);
  for (std::uint32_t i = 0; i + 1 < max; ++i)
    all.wrong(other(i), noon + milliseconds{1});
  CHECK(all.wait(home, noon + milliseconds{1}).has_value());
  all.wrong(other(max), noon + milliseconds{2}); // one too many: the longest silent is forgotten
  CHECK_FALSE(all.wait(home, noon + milliseconds{2}).has_value());
}
