// What the dashboard asks: the account's usage by time and by key, minutes, events of all keys, and
// its sessions.
#include "proxy/admin/web_sessions.hpp"
#include "tests/proxy/admin/traffic.hpp"

using namespace proxy::admin::test;
using proxy::admin::web_sessions;
namespace json = boost::json;
using policies::admission::refusal_code;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

struct two_keys {
  plane p;
  json::object one = p.create(R"({"name": "one"})");
  json::object two = p.create(R"({"name": "two"})");
  traffic t{p};

  json::object get(const std::string& what) {
    t.apply();
    const auto answer = p.call("GET", what);
    INFO(what << ": " << answer.body);
    REQUIRE(answer.status == 200);
    return answer.json();
  }
};

std::function<void(std::span<std::byte>)> seeded() {
  return [dice = std::mt19937{20260415}](std::span<std::byte> into) mutable {
    for (std::byte& each : into)
      each = static_cast<std::byte>(dice());
  };
}

} // namespace

TEST_CASE("admin account: the sums of all keys are the keys' sums") {
  two_keys k;
  k.t.use(id_of(k.one), {.cost_nano = 1000, .prompt = 10});
  k.t.use(id_of(k.two), {.cost_nano = 7000, .output = 3, .model = "deepseek-v4-pro"});
  k.t.use(id_of(k.two), {.cost_nano = 500});
  const json::object series =
      k.get("/v1/usage/series?granularity=hourly&start=2026-04-15T12:00:00Z");
  CHECK(series.at("key_id").is_null());
  REQUIRE(series.at("series").as_array().size() == 1);
  CHECK(series.at("series").at(0).at("cost_nano_usd") == 8500);
  const json::object models = k.get("/v1/usage/models?period=24h");
  REQUIRE(models.at("models").as_array().size() == 2);
  CHECK(models.at("models").at(1).at("cost_nano_usd") == 7000);
  CHECK(k.get("/v1/usage/patterns").at("peak_requests_per_minute") == 3);
}

TEST_CASE("admin account: keys stand by what they cost, the unused are left out") {
  two_keys k;
  k.p.create(R"({"name": "never used"})");
  k.t.use(id_of(k.one), {.cost_nano = 1000});
  k.p.pass(hours{48});
  k.t.use(id_of(k.two), {.cost_nano = 300});
  const json::object month = k.get("/v1/usage/keys?period=30d");
  const json::array& all = month.at("keys").as_array();
  REQUIRE(all.size() == 2);
  CHECK(text(all[0].as_object(), "name") == "one");
  CHECK(all[0].at("cost_nano_usd") == 1000);
  CHECK(text(all[1].as_object(), "name") == "two");
  CHECK(k.get("/v1/usage/keys?period=24h").at("keys").as_array().size() == 1);
  CHECK(k.get("/v1/usage/keys?period=30d&limit=1").at("keys").as_array().size() == 1);
  CHECK(k.p.call("GET", "/v1/usage/keys?limit=0").status == 400);
}

TEST_CASE("admin account: the last minutes, the empty ones too") {
  two_keys k;
  k.t.use(id_of(k.one), {.prompt = 4});
  k.p.pass(minutes{2});
  k.t.use(id_of(k.two), {.prompt = 6});
  const json::object account = k.get("/v1/usage/minutes?minutes=3");
  const json::array& all = account.at("minutes").as_array();
  REQUIRE(all.size() == 3);
  CHECK(all[0].at("tokens") == 4);
  CHECK(all[1].at("requests") == 0);
  CHECK(all[2].at("tokens") == 6);
  CHECK(text(all[2].as_object(), "time") == "2026-04-15T12:02:00Z");
  const std::string key = "/v1/keys/" + text(k.one, "id");
  CHECK(k.get(key + "/usage/minutes?minutes=1").at("minutes").at(0).at("requests") == 0);
  CHECK(k.p.call("GET", "/v1/usage/minutes?minutes=1441").status == 400);
}

TEST_CASE("admin account: events of all keys, with their names") {
  two_keys k;
  k.p.pass(minutes{1});
  k.t.refuse(id_of(k.one), refusal_code::ip_not_allowed, 2);
  k.p.pass(minutes{1});
  k.t.refuse(id_of(k.two), refusal_code::permission_denied, 5);
  const json::object answer = k.get("/v1/events");
  const json::array& all = answer.at("events").as_array();
  REQUIRE(all.size() == 4);
  CHECK(text(all[0].as_object(), "key_name") == "two");
  CHECK(all[0].at("count") == 5);
  CHECK(text(all[1].as_object(), "type") == "unauthorized_access");
  CHECK(text(all[3].as_object(), "code") == "key.create");
  CHECK(k.get("/v1/events?limit=1").at("events").as_array().size() == 1);
  CHECK(k.get("/v1/events?since=1m").at("events").as_array().size() == 2);
}

TEST_CASE("web sessions: they end by time, by sign-out, and the oldest when there are too many") {
  web_sessions sessions;
  const auto random = seeded();
  std::string first, second;
  sessions.open(random, noon, {}, first);
  sessions.open(random, noon + minutes{1}, {}, second);
  CHECK(first != second);
  CHECK(first.size() == 64);
  REQUIRE(sessions.find(first, noon));
  CHECK(sessions.find(first, noon)->csrf != sessions.find(second, noon)->csrf);
  CHECK_FALSE(sessions.find("", noon));
  CHECK_FALSE(sessions.find(first.substr(1), noon));
  CHECK(sessions.find(first, noon + web_sessions::lifetime - minutes{1}));
  CHECK_FALSE(sessions.find(first, noon + web_sessions::lifetime));
  sessions.end(second);
  CHECK_FALSE(sessions.find(second, noon));
  std::string other;
  for (std::size_t i = 0; i < web_sessions::open_max; ++i)
    sessions.open(random, noon + minutes{2}, {}, other);
  CHECK_FALSE(sessions.find(first, noon));
  CHECK(sessions.find(other, noon));
}

TEST_CASE("web sessions: the cookie is found among others, and nothing else is taken for it") {
  using proxy::admin::session_token;
  CHECK(session_token("deepseek_session=abc") == "abc");
  CHECK(session_token("a=b; deepseek_session=abc; c=d") == "abc");
  CHECK(session_token("xdeepseek_session=abc").empty());
  CHECK(session_token("deepseek_session").empty());
  CHECK(session_token("deepseek_sessionx=abc").empty());
  CHECK(session_token(";;=;").empty());
  CHECK(session_token("").empty());
}
