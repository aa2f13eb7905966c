// Changing keys: what changes and what stays, lost updates, the trail that changes leave.
#include "tests/proxy/admin/plane.hpp"

using namespace proxy::admin::test;
namespace json = boost::json;
using policies::nano_usd;
using policies::keys::key_status;

namespace {

struct kept_key {
  plane p;
  json::object made = p.create(R"({"name": "app", "description": "d", "type": "development",
                                   "allowed_ips": ["10.0.0.0/8"], "metadata": {"a": 1}})");
  std::string path = "/v1/keys/" + text(made, "id");

  reading patch(std::string_view body, std::vector<std::string> lines = {}) {
    call_options options;
    options.more = std::move(lines);
    return p.call("PATCH", path, body, options);
  }
};

} // namespace

TEST_CASE("admin change: what is named changes, and nothing else does") {
  kept_key k;
  const auto before = k.p.stored(k.made);
  k.p.pass(std::chrono::seconds{5});
  // The guide's update call.
  const auto answer = k.patch(R"({"permissions": ["chat", "code", "embeddings"],
      "rate_limits": {"requests_per_minute": 2000, "tokens_per_minute": 200000}})");
  CHECK(answer.status == 200);
  CHECK(answer.field("etag") == "\"2\"");
  auto expected = before;
  expected.permissions = {};
  for (const auto each : {policies::access::permission::chat, policies::access::permission::code,
                          policies::access::permission::embeddings})
    expected.permissions.add(each);
  expected.limits.requests_per_minute = 2000;
  expected.limits.tokens_per_minute = 200'000;
  expected.version = 2;
  expected.updated = noon + std::chrono::seconds{5};
  CHECK(k.p.stored(k.made) == expected);
  CHECK(k.p.call("GET", k.path).json() == answer.json());
  CHECK_FALSE(answer.json().contains("key"));
}

TEST_CASE("admin change: the guide's update_limits and update_security bodies work as they are") {
  kept_key k;
  CHECK(k.patch(R"({"rate_limits": {"requests_per_minute": 1500, "tokens_per_minute": 150000,
                    "monthly_spending_limit": 750}})")
            .status == 200);
  CHECK(k.patch(R"({"allowed_ips": ["203.0.113.0/24", "198.51.100.50", "192.0.2.100"]})").status ==
        200);
  CHECK(k.patch(R"({"allowed_referrers": ["https://yourdomain.com/*",
                    "https://api.yourdomain.com/*"]})")
            .status == 200);
  const auto record = k.p.stored(k.made);
  CHECK(record.limits.monthly == nano_usd{750'000'000'000});
  CHECK(record.allowed_ips.size() == 3);
  CHECK(record.allowed_referrers.size() == 2);
  CHECK(record.version == 4);
}

TEST_CASE("admin change: null clears a field") {
  kept_key k;
  CHECK(k.patch(R"({"description": null, "models": null, "allowed_ips": null, "metadata": null,
                    "rate_limits": {"monthly_spending_limit": null}, "expires_at": null})")
            .status == 200);
  const auto record = k.p.stored(k.made);
  CHECK(record.description.empty());
  CHECK(record.models.empty());
  CHECK(record.allowed_ips.empty());
  CHECK(record.metadata_json == "{}");
  CHECK_FALSE(record.limits.monthly.has_value());
  CHECK(record.limits.requests_per_minute == 60);
  CHECK(k.patch(R"({"rate_limits": null})").status == 200);
  CHECK(k.p.stored(k.made).limits == policies::limits::limit_set{});
}

TEST_CASE("admin change: a change that changes nothing leaves version and trail alone") {
  kept_key k;
  const auto answer = k.patch(R"({"name": "app", "rate_limits": {"requests_per_minute": 60}})");
  CHECK(answer.status == 200);
  CHECK(answer.field("etag") == "\"1\"");
  CHECK(k.patch("{}").status == 200);
  CHECK(k.p.stored(k.made).version == 1);
  CHECK(k.p.store().audit(10).size() == 1);
}

TEST_CASE("admin change: If-Match keeps two owners from overwriting each other") {
  kept_key k;
  const std::string seen = k.p.call("GET", k.path).field("etag");
  CHECK(k.patch(R"({"name": "first"})", {"If-Match: " + seen}).status == 200);
  const auto late = k.patch(R"({"name": "second"})", {"If-Match: " + seen});
  CHECK(late.status == 412);
  CHECK(text(late.error(), "code") == "version_mismatch");
  CHECK(text(late.error(), "message").find("version 2") != std::string::npos);
  CHECK(k.p.stored(k.made).name == "first");
  for (const char* field : {"If-Match: W/\"2\"", "If-Match: 2", "If-Match: \"02\""}) {
    INFO(field);
    CHECK(k.patch(R"({"name": "third"})", {field}).status == 412);
  }
  call_options stale;
  stale.more = {"If-Match: " + seen};
  CHECK(k.p.call("POST", k.path + "/deactivate", "", stale).status == 412);
  CHECK(k.p.call("DELETE", k.path, "", stale).status == 412);
  CHECK(k.p.stored(k.made).status == key_status::active);
  CHECK(k.patch(R"({"name": "third"})", {"If-Match: \"1\", \"2\""}).status == 200);
  CHECK(k.patch(R"({"name": "fourth"})", {"If-Match: *"}).status == 200);
  CHECK(k.p.stored(k.made).name == "fourth");
}

TEST_CASE("admin change: the type stays, and says so") {
  kept_key k;
  CHECK(k.patch(R"({"type": "development"})").status == 200);
  const auto answer = k.patch(R"({"type": "production"})");
  CHECK(answer.status == 400);
  CHECK(text(answer.error(), "param") == "type");
}

TEST_CASE("admin change: a key is switched off and on, at once") {
  kept_key k;
  const auto slot = k.p.directory().by_id(k.p.stored(k.made).id);
  REQUIRE(slot != nullptr);
  const auto off = k.p.call("POST", k.path + "/deactivate");
  CHECK(off.status == 200);
  CHECK(text(off.json(), "status") == "inactive");
  CHECK(k.p.directory().copy_of(slot->id)->status == key_status::inactive);
  CHECK(k.p.call("POST", k.path + "/deactivate").status == 200); // again: nothing to do
  CHECK(k.p.stored(k.made).version == 2);
  const auto on = k.p.call("POST", k.path + "/activate", "{}");
  CHECK(text(on.json(), "status") == "active");
  CHECK(k.p.stored(k.made).status == key_status::active);
  CHECK(k.p.stored(k.made).version == 3);
}

TEST_CASE("admin change: a deleted key is gone for good, and its figures stay readable") {
  kept_key k;
  const auto id = k.p.stored(k.made).id;
  CHECK(k.p.call("DELETE", k.path).status == 200);
  CHECK_FALSE(k.p.find(text(k.made, "id")).has_value());
  CHECK(k.p.directory().copy_of(id)->status == key_status::deleted);
  CHECK(k.p.call("GET", "/v1/keys").json().at("data").as_array().empty());
  for (const auto& [method, tail] :
       {std::pair{"PATCH", ""}, {"DELETE", ""}, {"POST", "/activate"}, {"POST", "/deactivate"}}) {
    const auto answer = k.p.call(method, k.path + tail, "{}");
    INFO(method << tail);
    CHECK(answer.status == 404);
    CHECK(text(answer.error(), "code") == "key_not_found");
  }
  CHECK(text(k.p.call("GET", k.path).json(), "status") == "deleted");
  CHECK(k.p.call("GET", k.path + "/usage").status == 200);
  k.p.reopen();
  CHECK_FALSE(k.p.find(text(k.made, "id")).has_value());
}

TEST_CASE("admin change: ids that no key has, and ids that are none, are 404") {
  plane p;
  for (const std::string id : {"key_000000000001", "key_", "key_0000000000001", "KEY_000000000001",
                               "nothing", "..", "key_%30%30"})
    for (const std::string tail : {"", "/usage", "/limits", "/errors"}) {
      const auto answer = p.call("GET", "/v1/keys/" + id + tail);
      INFO(id << tail << " -> " << answer.body);
      CHECK(answer.status == 404);
      CHECK(text(answer.error(), "code") == "key_not_found");
    }
}

TEST_CASE("admin change: the trail tells who changed what, from which value to which") {
  kept_key k;
  k.p.pass(std::chrono::milliseconds{1500});
  k.patch(R"({"name": "new", "rate_limits": {"requests_per_minute": 90}})");
  k.p.call("POST", k.path + "/deactivate");
  k.p.call("DELETE", k.path);
  const json::object all = k.p.call("GET", "/v1/audit").json();
  CHECK(text(all, "object") == "list");
  const json::array& rows = all.at("data").as_array();
  REQUIRE(rows.size() == 4);
  std::vector<std::string> actions;
  for (const json::value& row : rows) {
    actions.push_back(text(row.as_object(), "action"));
    CHECK(text(row.as_object(), "actor") == "admin");
    CHECK(text(row.as_object(), "subject") == text(k.made, "id"));
  }
  CHECK(actions ==
        std::vector<std::string>{"key.delete", "key.deactivate", "key.update", "key.create"});
  CHECK(text(rows[2].as_object(), "time") == "2026-04-15T12:00:01.500Z");
  CHECK(rows[2].at("detail") == json::parse(R"({"name": {"from": "app", "to": "new"},
      "rate_limits": {"requests_per_minute": {"from": 60, "to": 90}}})"));
  CHECK(rows[3].at("detail").at("name") == "app");
  CHECK(k.p.call("GET", "/v1/audit?limit=2").json().at("data").as_array().size() == 2);
  CHECK(k.p.call("GET", "/v1/audit?limit=0").status == 400);
  CHECK(k.p.call("GET", "/v1/audit?limit=1001").status == 400);
}
