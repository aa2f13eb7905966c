// What keys used: the figures of a period, the live ones beside them, and limits.
#include "tests/proxy/admin/traffic.hpp"

using namespace proxy::admin::test;
namespace json = boost::json;
using policies::admission::refusal_code;
using proxy::journal::ending;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

struct used_key {
  explicit used_key(hours age = hours{0}) {
    p.pass(-age);
    made = p.create(R"({"name": "x", "daily_budget": 2.5, "rate_limits":
        {"requests_per_minute": 60, "tokens_per_minute": 6000, "concurrent_requests": 4,
         "monthly_spending_limit": 10}})");
    id = id_of(made);
    path = "/v1/keys/" + text(made, "id");
    p.pass(age);
  }

  plane p;
  json::object made;
  policies::key_id id;
  std::string path;
  traffic t{p};

  json::object usage(const std::string& period = "24h") {
    const auto answer = p.call("GET", path + "/usage?period=" + period);
    INFO(answer.body);
    REQUIRE(answer.status == 200);
    return answer.json();
  }
};

void check_members(const json::object& from, const json::object& wanted) {
  for (const auto& [name, value] : wanted) {
    INFO(name << " of " << json::serialize(from));
    REQUIRE(from.contains(name));
    CHECK(from.at(name) == value);
  }
}

} // namespace

TEST_CASE("admin usage: a key that did nothing has every figure, at zero") {
  used_key k;
  const json::object usage = k.usage();
  check_members(usage, {{"key_id", k.made.at("id")},
                        {"period", "24h"},
                        {"requests", 0},
                        {"dispatched", 0},
                        {"refused", 0},
                        {"limited", 0},
                        {"interrupted", 0},
                        {"errors", 0},
                        {"tokens", 0},
                        {"cost_nano_usd", 0},
                        {"held_nano_usd", 0},
                        {"daily_budget", 2.5},
                        {"by_model", json::array{}}});
  for (const char* name : {"cost", "error_rate", "average_requests", "average_latency_ms"})
    CHECK(usage.at(name).to_number<double>() == 0);
  CHECK(k.p.call("GET", k.path).json().at("last_used_at").is_null());
}

TEST_CASE("admin usage: requests, refusals, errors and crashes are counted and priced") {
  used_key k;
  k.t.use(k.id, {.cost_nano = 1'234'567, .cached = 10, .prompt = 20, .output = 30});
  k.t.use(k.id, {.cost_nano = 1, .prompt = 1, .output = 2, .model = "deepseek-reasoner"});
  k.t.use(k.id, {.end = ending::refused, .status = 500});
  k.t.use(k.id, {.cost_nano = 500, .output = 5, .end = ending::interrupted, .status = 0});
  k.t.refuse(k.id, refusal_code::rate_limit_exceeded, 3);
  k.t.refuse(k.id, refusal_code::model_not_allowed, 1);
  k.t.apply();
  const json::object usage = k.usage();
  check_members(usage, {{"requests", 8},
                        {"dispatched", 4},
                        {"refused", 4},
                        {"limited", 3},
                        {"interrupted", 1},
                        {"tokens", 68},
                        {"cached_tokens", 10},
                        {"prompt_tokens", 31},
                        {"completion_tokens", 37},
                        {"cost_nano_usd", 1'235'068},
                        {"cost", 0.001235068},
                        {"held_nano_usd", 0}});
  const auto errors = usage.at("errors").as_int64();
  CHECK(errors >= 2); // the 500 and the refused model, not the 429s
  CHECK(usage.at("error_rate").to_number<double>() == static_cast<double>(errors) / 8);
  const json::array& models = usage.at("by_model").as_array();
  REQUIRE(models.size() == 2);
  check_members(
      models[0].as_object(),
      {{"model", "deepseek-chat"}, {"requests", 3}, {"tokens", 65}, {"cost", 0.001235067}});
  CHECK(models[0].at("average_tokens_per_request").to_number<double>() == Approx(65.0 / 3));
  CHECK(models[1].at("cost").to_number<double>() == 1e-9);
  const json::array& features = usage.at("by_feature").as_array();
  REQUIRE(features.size() == 1);
  check_members(
      features[0].as_object(),
      {{"feature", "chat"}, {"requests", 8}, {"refused", 4}, {"cost_nano_usd", 1'235'068}});
  CHECK(text(k.p.call("GET", k.path).json(), "last_used_at") == "2026-04-15T12:00:00Z");
}

TEST_CASE("admin usage: money in flight is told as held, at once, and then as cost") {
  used_key k;
  const running one = k.t.begin(k.id, 100, 5'000'000);
  const running two = k.t.begin(k.id, 100, 7'000'000);
  CHECK(k.usage().at("held_nano_usd") == 12'000'000);
  CHECK(k.p.call("GET", "/v1/usage").json().at("held_nano_usd") == 12'000'000);
  k.t.end(one, {.cost_nano = 4'000'000, .output = 10});
  CHECK(k.usage().at("held_nano_usd") == 7'000'000);
  // The month turns with a request in flight: its hold is still told.
  k.p.pass(hours{24 * 20});
  CHECK(k.usage().at("held_nano_usd") == 7'000'000);
  k.t.end(two, {.cost_nano = 6'000'000, .output = 10});
  k.t.apply();
  CHECK(k.usage("30d").at("cost_nano_usd") == 10'000'000);
  CHECK(k.usage("30d").at("held_nano_usd") == 0);
}

TEST_CASE("admin usage: what was journalled is told soon, without anybody's help") {
  CHECK(proxy::journal::keeper_settings{}.apply_every <= milliseconds{500}); // 1 s is promised
  used_key k;
  k.t.use(k.id, {.cost_nano = 42, .output = 1});
  const auto begun = std::chrono::steady_clock::now();
  while (k.usage().at("requests") != 1 &&
         std::chrono::steady_clock::now() - begun < std::chrono::seconds{10})
    std::this_thread::yield();
  CHECK(k.usage().at("cost_nano_usd") == 42);
}

TEST_CASE("admin usage: a young key's average counts only the periods it has lived") {
  used_key k{hours{60}};
  const auto use_ago = [&](hours ago, int times) {
    k.p.pass(-ago);
    for (int i = 0; i < times; ++i)
      k.t.use(k.id, {.cost_nano = 1, .output = 1});
    k.p.pass(ago);
  };
  use_ago(hours{30}, 6);
  use_ago(hours{0}, 2);
  k.t.apply();
  const auto average = [&](const std::string& period) {
    return k.usage(period).at("average_requests").to_number<double>();
  };
  CHECK(average("24h") == Approx(6 / (37 / 24.0))); // its 37 hours before the last 24
  CHECK(average("7d") == 8);                        // younger than a period: as it is
}

TEST_CASE("admin usage: a period has its own hours, and the seven before make the average") {
  used_key k{hours{24 * 366}}; // it is Wednesday, 15 April, noon
  const auto use_ago = [&](hours ago, int times) {
    k.p.pass(-ago);
    for (int i = 0; i < times; ++i)
      k.t.use(k.id, {.cost_nano = 1, .output = 1});
    k.p.pass(ago);
  };
  use_ago(hours{24 * 20}, 1); // 26 March
  use_ago(hours{24 * 3}, 4);
  use_ago(hours{24}, 3); // the first hour that is not among the last 24
  use_ago(hours{23}, 2);
  use_ago(hours{0}, 1);
  k.t.apply();
  const auto figures = [&](const std::string& period) {
    const json::object usage = k.usage(period);
    return std::pair{usage.at("requests").as_int64(),
                     usage.at("average_requests").to_number<double>() * 7};
  };
  const auto check = [&](const std::string& period, std::int64_t now, double before) {
    INFO(period);
    CHECK(figures(period).first == now);
    CHECK(figures(period).second == Approx(before));
  };
  check("1h", 1, 0);
  check("24h", 3, 7);
  check("7d", 10, 1);
  check("30d", 11, 0);
  check("month", 10, 1);
  for (const char* period : {"", "24", "2h", "24H", "year"}) {
    const auto answer = k.p.call("GET", k.path + "/usage?period=" + period);
    INFO(period);
    CHECK(answer.status == 400);
    CHECK(text(answer.error(), "param") == "period");
  }
  CHECK(k.p.call("GET", k.path + "/usage").json().at("period") == "24h");
}

TEST_CASE("admin usage: the account's figures are the sum over its keys, deleted ones too") {
  used_key k;
  const json::object other = k.p.create(R"({"name": "y"})");
  k.t.use(k.id, {.cost_nano = 5, .output = 1});
  k.t.use(id_of(other), {.cost_nano = 7, .output = 2});
  k.t.apply();
  k.p.call("DELETE", "/v1/keys/" + text(other, "id"));
  const json::object all = k.p.call("GET", "/v1/usage?period=24h").json();
  check_members(all, {{"key_id", nullptr},
                      {"period", "24h"},
                      {"requests", 2},
                      {"cost_nano_usd", 12},
                      {"tokens", 3},
                      {"daily_budget", nullptr}});
}

TEST_CASE("admin limits: each limit with what is used, held and left of it now") {
  used_key k;
  const running held = k.t.begin(k.id, 1000, 2'000'000'000);
  k.t.use(k.id, {.cost_nano = 1'000'000'000, .prompt = 400, .output = 100});
  const json::object limits = k.p.call("GET", k.path + "/limits").json();
  check_members(limits.at("requests_per_minute").as_object(),
                {{"limit", 60}, {"burst", 60}, {"used", 2}, {"remaining", 58}});
  check_members(limits.at("tokens_per_minute").as_object(),
                {{"limit", 6000}, {"used", 500}, {"held", 1000}, {"remaining", 4500}});
  const json::object& month = limits.at("monthly_spending_limit").as_object();
  CHECK(month.at("used").to_number<double>() == 1);
  CHECK(month.at("held").to_number<double>() == 2);
  CHECK(month.at("remaining").to_number<double>() == 7);
  CHECK(limits.at("daily_spending_limit").at("limit").is_null());
  CHECK(limits.at("daily_spending_limit").at("remaining").is_null());
  check_members(limits.at("concurrent_requests").as_object(),
                {{"limit", 4}, {"used", 1}, {"remaining", 3}});
  CHECK(text(limits, "bound").find("60 + 60 x w requests") != std::string::npos);
  CHECK(k.usage().at("limits").at("requests_per_minute") == limits.at("requests_per_minute"));
  k.p.pass(milliseconds{30'000});
  const json::object later = k.p.call("GET", k.path + "/limits").json();
  CHECK(later.at("requests_per_minute").at("used") == 0);
  CHECK(later.at("tokens_per_minute").at("used") == 0);
  CHECK(later.at("tokens_per_minute").at("held") == 1000);
  k.t.end(held, {.cost_nano = 1, .output = 1});
}
