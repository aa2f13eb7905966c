// A key's health over the wire: the figures are the key's own.
#include "tests/proxy/admin/traffic.hpp"

using namespace proxy::admin::test;
namespace json = boost::json;
using policies::admission::refusal_code;
using std::chrono::hours;

namespace {

json::object health_of(plane& p, traffic& t, const json::object& key) {
  t.apply();
  const auto answer = p.call("GET", "/v1/keys/" + text(key, "id") + "/health");
  INFO(answer.body);
  REQUIRE(answer.status == 200);
  return answer.json();
}

json::object check_in(const json::object& health, std::string_view name) {
  for (const json::value& each : health.at("checks").as_array())
    if (text(each.as_object(), "check") == name)
      return each.as_object();
  return {};
}

} // namespace

TEST_CASE("admin health: money, errors and peaks are the key's") {
  plane p;
  traffic t{p};
  const json::object key = p.create(
      R"({"name": "x", "rate_limits": {"requests_per_minute": 50, "monthly_spending_limit": 1}})");
  for (int i = 0; i < 30; ++i)
    t.use(id_of(key), {.cost_nano = 28'000'000, .prompt = 1});
  t.refuse(id_of(key), refusal_code::permission_denied, 20);
  const json::object health = health_of(p, t, key);
  CHECK(text(health, "status") == "warning");
  CHECK(text(check_in(health, "monthly_spending"), "message") ==
        "$0.84 of $1.00 are spent this month (84.0 %)");
  CHECK(text(check_in(health, "errors"), "message") ==
        "40.0 % of 50 requests of the last 24 hours failed");
  CHECK(text(check_in(health, "errors"), "status") == "warning");
  CHECK(text(check_in(health, "requests_per_minute"), "message") ==
        "the busiest minute of 30 days had 50 requests, of 50 allowed");
  CHECK(check_in(health, "status").at("advice").is_null());
}

TEST_CASE("admin health: a deactivated key is critical, another's traffic is not its own") {
  plane p;
  traffic t{p};
  const json::object busy = p.create(R"({"name": "busy"})");
  const json::object idle = p.create(R"({"name": "idle"})");
  t.use(id_of(busy), {.cost_nano = 1});
  CHECK(text(health_of(p, t, busy), "status") == "hint");
  CHECK(p.call("POST", "/v1/keys/" + text(busy, "id") + "/deactivate").status == 200);
  CHECK(text(health_of(p, t, busy), "status") == "critical");
  CHECK(check_in(health_of(p, t, idle), "requests_per_minute").empty());
  CHECK(p.call("GET", "/v1/keys/key_000000000000/health").status == 404);
}
