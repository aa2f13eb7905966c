// Rows of the ledger, and the errors among them.
#include <set>

#include "tests/proxy/admin/traffic.hpp"

using namespace proxy::admin::test;
namespace json = boost::json;
using policies::admission::refusal_code;
using proxy::journal::ending;
using std::chrono::milliseconds;

namespace {

std::vector<json::object> rows_of(const reading& answer) {
  CHECK(answer.status == 200);
  CHECK(answer.field("content-type") == "application/x-ndjson");
  std::vector<json::object> rows;
  std::string_view left = answer.body;
  while (!left.empty()) {
    const std::size_t end = left.find('\n');
    REQUIRE(end != left.npos);
    rows.push_back(json::parse(left.substr(0, end)).as_object());
    left.remove_prefix(end + 1);
  }
  return rows;
}

std::vector<json::object> ledger(plane& p, const std::string& query = "") {
  return rows_of(p.call("GET", "/v1/ledger" + query));
}

std::string ms(policies::instant at) {
  return std::to_string(at.time_since_epoch().count());
}

} // namespace

TEST_CASE("admin ledger: one row a dispatched request, applied or not") {
  plane p;
  const json::object key = p.create(R"({"name": "x"})");
  const json::object other = p.create(R"({"name": "y"})");
  traffic t{p};
  CHECK(ledger(p).empty());
  const running slow = t.begin(id_of(key), 50, 900);
  p.pass(milliseconds{250});
  t.use(id_of(other), {.cost_nano = 3, .output = 1});
  t.refuse(id_of(key), refusal_code::rate_limit_exceeded, 2); // a tally is no row
  p.pass(milliseconds{250});
  t.end(slow, {.cost_nano = 700, .cached = 1, .prompt = 2, .output = 4});
  const auto rows = ledger(p);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].at("key_id") == other.at("id"));
  const json::object& row = rows[1];
  CHECK(row.at("key_id") == key.at("id"));
  CHECK(row.at("started_ms") == noon.time_since_epoch().count());
  CHECK(row.at("ended_ms") == noon.time_since_epoch().count() + 500);
  CHECK(text(row, "model") == "deepseek-chat");
  CHECK(text(row, "feature") == "chat");
  CHECK(text(row, "ending") == "complete");
  CHECK(row.at("dispatched") == true);
  CHECK(row.at("status") == 200);
  CHECK(row.at("hold_nano_usd") == 900);
  CHECK(row.at("cost_nano_usd") == 700);
  CHECK(row.at("charged_tokens") == 7);
  CHECK(text(row, "request_id").size() == 32);
  CHECK(ledger(p, "?key=" + text(key, "id")).size() == 1);
  CHECK(ledger(p, "?from_ms=" + ms(noon + milliseconds{251})).size() == 1);
  CHECK(ledger(p, "?until_ms=" + ms(noon + milliseconds{500})).size() == 1);
  CHECK(ledger(p, "?from_ms=5&until_ms=5").empty());
}

TEST_CASE("admin ledger: page after page, no row is lost or told twice") {
  plane p;
  const auto id = id_of(p.create(R"({"name": "x"})"));
  const auto idle = id_of(p.create(R"({"name": "y"})"));
  traffic one{p};
  traffic two{p};
  constexpr int count = 20'000; // more than a page visits
  for (int i = 0; i < count; ++i) {
    (i % 3 == 0 ? one : two).use(id, {.cost_nano = i, .output = 1});
    if (i % 7 == 0)
      p.pass(milliseconds{1});
  }
  std::set<std::int64_t> seen;
  std::int64_t last = 0;
  bool in_order = true;
  const auto rows = ledger(p);
  for (const json::object& row : rows) {
    seen.insert(row.at("cost_nano_usd").as_int64());
    in_order = in_order && row.at("ended_ms").as_int64() >= last;
    last = row.at("ended_ms").as_int64();
  }
  CHECK(rows.size() == count);
  CHECK(seen.size() == count);
  CHECK(in_order);
  CHECK(ledger(p, "?key=" + policies::keys::to_string(idle)).empty());
  // To a client of HTTP/1.0 the end of the connection is the end.
  connection old{p.port()};
  old.send("GET /v1/ledger HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer " +
           std::string(admin_key) + "\r\n\r\n");
  const auto answer = old.read();
  REQUIRE(answer.has_value());
  CHECK(rows_of(*answer).size() == count);
}

TEST_CASE("admin ledger: a parameter that is wrong is refused by name") {
  plane p;
  for (const auto& [query, status, param] : {std::tuple{"?from_ms=-1", 400, "from_ms"},
                                             {"?until_ms=x", 400, "until_ms"},
                                             {"?from_ms=999999999999999", 400, "from_ms"},
                                             {"?key=all", 400, "key"},
                                             {"?form_ms=1", 400, "form_ms"}}) {
    const auto answer = p.call("GET", std::string("/v1/ledger") + query);
    INFO(query);
    CHECK(answer.status == status);
    CHECK(text(answer.error(), "param") == param);
  }
  CHECK(p.call("GET", "/v1/ledger?key=key_000000000001").status == 404);
}

TEST_CASE("admin errors: newest first, of one key, ours and the upstream's") {
  plane p;
  const json::object key = p.create(R"({"name": "x"})");
  const auto other = id_of(p.create(R"({"name": "y"})"));
  traffic t{p};
  const auto next = [&] { p.pass(milliseconds{1000}); };
  t.use(id_of(key), {.end = ending::refused, .status = 503});
  p.pass(std::chrono::hours{2}); // that one is past the hour
  t.use(id_of(key), {.output = 1});
  t.use(other, {.end = ending::refused, .status = 500});
  next();
  t.use(id_of(key), {.end = ending::refused, .status = 500});
  next();
  t.refuse(id_of(key), refusal_code::model_not_allowed, 4);
  next();
  t.use(id_of(key), {.output = 1, .end = ending::cut});
  const std::string path = "/v1/keys/" + text(key, "id") + "/errors";
  const json::object list = p.call("GET", path + "?hours=1").json();
  CHECK(text(list, "object") == "list");
  const json::array& rows = list.at("data").as_array();
  REQUIRE(rows.size() == 3);
  CHECK(text(rows[0].as_object(), "code") == "cut");
  CHECK(text(rows[0].as_object(), "time") == "2026-04-15T14:00:03Z");
  CHECK(text(rows[1].as_object(), "code") == "model_not_allowed");
  CHECK(text(rows[1].as_object(), "source") == "proxy");
  CHECK(rows[1].at("status") == 403);
  CHECK(rows[1].at("count") == 4);
  CHECK(text(rows[2].as_object(), "source") == "upstream");
  CHECK(rows[2].at("status") == 500);
  CHECK(text(rows[2].as_object(), "model") == "deepseek-chat");
  CHECK(p.call("GET", path).json() == list); // an hour is the default
  CHECK(p.call("GET", path + "?hours=3").json().at("data").as_array().size() == 4);
  CHECK(p.call("GET", path + "?limit=2").json().at("data").as_array().size() == 2);
  CHECK(p.call("GET", path + "?hours=0").status == 400);
  CHECK(p.call("GET", path + "?limit=1001").status == 400);
}
