// Usage over time, by model and by minute; the last minute; events.
#include "tests/proxy/admin/traffic.hpp"

using namespace proxy::admin::test;
namespace json = boost::json;
using policies::admission::refusal_code;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

struct watched_key {
  plane p;
  json::object made = p.create(R"({"name": "x"})");
  policies::key_id id = id_of(made);
  std::string path = "/v1/keys/" + text(made, "id");
  traffic t{p};

  json::object get(const std::string& what) {
    t.apply();
    const auto answer = p.call("GET", path + what);
    INFO(what << ": " << answer.body);
    REQUIRE(answer.status == 200);
    return answer.json();
  }
  std::string refusal(const std::string& what) {
    const auto answer = p.call("GET", path + what);
    CHECK(answer.status == 400);
    return std::string(answer.json().at("error").at("message").as_string());
  }
  std::vector<std::string> types(const std::string& what = "/events") {
    std::vector<std::string> out;
    const json::object answer = get(what);
    for (const json::value& each : answer.at("events").as_array())
      out.push_back(text(each.as_object(), "type"));
    return out;
  }
};

} // namespace

TEST_CASE("admin series: a line for each day, the empty ones too") {
  watched_key k;
  k.t.use(k.id, {.cost_nano = 1000, .prompt = 10, .output = 5});
  k.p.pass(hours{48});
  k.t.use(k.id, {.cost_nano = 3000, .output = 7});
  k.t.refuse(k.id, refusal_code::ip_not_allowed, 3);
  const json::object answer =
      k.get("/usage/series?start=2026-04-14&end=2026-04-17T12:00:00Z&granularity=daily");
  const json::array& days = answer.at("series").as_array();
  REQUIRE(days.size() == 4);
  const std::array<std::int64_t, 4> requests{0, 1, 0, 4};
  for (std::size_t i = 0; i < 4; ++i) {
    const json::object& day = days[i].as_object();
    CHECK(text(day, "date") == "2026-04-" + std::to_string(14 + i));
    CHECK(day.at("requests") == requests[i]);
  }
  CHECK(days[1].at("cost_nano_usd") == 1000);
  CHECK(days[1].at("tokens") == 15);
  CHECK(days[3].at("error_rate").to_number<double>() == 0.75);
}

TEST_CASE("admin series: hours and months have buckets of their own") {
  watched_key k;
  k.t.use(k.id, {.cost_nano = 1});
  k.p.pass(hours{24 * 20});
  k.t.use(k.id, {.cost_nano = 2});
  const json::object hourly =
      k.get("/usage/series?start=2026-04-15T11:30:00Z&end=2026-04-15T13:00:00Z&granularity=hourly");
  REQUIRE(hourly.at("series").as_array().size() == 3);
  CHECK(hourly.at("series").at(1).at("cost_nano_usd") == 1);
  CHECK(hourly.at("series").at(1).at("date") == "2026-04-15T12:00:00Z");
  const json::object monthly = k.get("/usage/series?start=2026-03-20&granularity=monthly");
  const json::array& months = monthly.at("series").as_array();
  REQUIRE(months.size() == 3);
  CHECK(months[0].at("date") == "2026-03");
  CHECK(months[1].at("cost_nano_usd") == 1);
  CHECK(months[2].at("cost_nano_usd") == 2);
  CHECK(k.get("/usage/series").at("series").as_array().size() == 31);
}

TEST_CASE("admin series: what is asked wrongly is told") {
  watched_key k;
  CHECK(k.refusal("/usage/series?granularity=weekly").find("granularity") != std::string::npos);
  CHECK(k.refusal("/usage/series?start=yesterday").find("start") != std::string::npos);
  CHECK(k.refusal("/usage/series?start=2026-04-16&end=2026-04-15").find("later") !=
        std::string::npos);
  CHECK(k.refusal("/usage/series?start=2020-01-01&granularity=hourly").find("shorter") !=
        std::string::npos);
  CHECK(k.refusal("/usage/patterns?period=2d").find("period") != std::string::npos);
  CHECK(k.refusal("/events?since=now").find("since") != std::string::npos);
  CHECK(k.refusal("/events?since=24").find("since") != std::string::npos);
}

TEST_CASE("admin models: each model with its figures") {
  watched_key k;
  k.t.use(k.id, {.cost_nano = 10, .output = 50});
  k.t.use(k.id, {.cost_nano = 30, .output = 100, .model = "deepseek-reasoner"});
  const json::object answer = k.get("/usage/models");
  const json::array& models = answer.at("models").as_array();
  REQUIRE(models.size() == 2);
  CHECK(models[1].at("model") == "deepseek-reasoner");
  CHECK(models[1].at("cost_nano_usd") == 30);
  CHECK(models[1].at("average_tokens_per_request").to_number<double>() == 100);
}

TEST_CASE("admin patterns: the busiest minute, and the hour of the week") {
  watched_key k;
  k.t.use(k.id, {.output = 900});
  k.p.pass(minutes{3});
  for (int i = 0; i < 4; ++i)
    k.t.use(k.id, {.output = 10});
  k.p.pass(hours{24});
  k.t.use(k.id, {.output = 1});
  const json::object answer = k.get("/usage/patterns");
  CHECK(answer.at("peak_requests_per_minute") == 4);
  CHECK(answer.at("peak_tokens_per_minute") == 900);
  CHECK(text(answer, "busiest_minute") == "2026-04-15T12:03:00Z");
  CHECK(answer.at("active_minutes") == 3);
  const json::array& week = answer.at("by_hour_of_week").as_array();
  REQUIRE(week.size() == 168);
  CHECK(week[2 * 24 + 12] == 5); // a Wednesday
  CHECK(week[3 * 24 + 12] == 1);
}

TEST_CASE("admin current: the last sixty seconds, whatever the minute") {
  watched_key k;
  k.p.pass(seconds{50});
  k.t.use(k.id, {.prompt = 3, .output = 4});
  k.p.pass(seconds{30});
  k.t.use(k.id, {.output = 1});
  k.t.refuse(k.id, refusal_code::rate_limit_exceeded, 5);
  json::object now = k.get("/current");
  CHECK(now.at("requests") == 7);
  CHECK(now.at("tokens") == 8);
  k.p.pass(seconds{31});
  now = k.get("/current");
  CHECK(now.at("requests") == 6);
  CHECK(now.at("tokens") == 1);
  k.p.pass(minutes{1});
  CHECK(k.get("/current").at("requests") == 0);
}

TEST_CASE("admin events: refusals that mean something, and what admins did") {
  watched_key k;
  k.p.pass(minutes{1});
  k.t.refuse(k.id, refusal_code::rate_limit_exceeded, 3);
  k.p.pass(minutes{1});
  k.t.refuse(k.id, refusal_code::ip_not_allowed, 25);
  k.t.refuse(k.id, refusal_code::upstream_failed, 9);
  k.p.pass(minutes{1});
  CHECK(k.p.call("POST", k.path + "/deactivate").status == 200);
  CHECK(k.types() == std::vector<std::string>{"admin_action", "unauthorized_access",
                                              "suspicious_pattern", "rate_limit_exceeded",
                                              "admin_action"});
  const json::object all = k.get("/events");
  CHECK(all.at("events").at(0).at("code") == "key.deactivate");
  CHECK(all.at("events").at(1).at("count") == 25);
  CHECK(k.types("/events?since=90m&limit=1").size() == 1);
  CHECK(k.types("/events?since=1m") ==
        std::vector<std::string>{"admin_action", "unauthorized_access", "suspicious_pattern"});
}
