// A new secret for the same key: both work for a while, and one sees when the old one falls silent.
#include "proxy/admin/sha256.hpp"
#include "tests/proxy/admin/plane.hpp"

using namespace proxy::admin::test;
namespace json = boost::json;
using std::chrono::hours;

namespace {

struct rotated_key {
  plane p;
  json::object made = p.create(R"({"name": "app"})");
  std::string path = "/v1/keys/" + text(made, "id");

  json::object rotate(std::string_view body = "") {
    const auto answer = p.call("POST", path + "/rotate", body);
    INFO(answer.body);
    REQUIRE(answer.status == 200);
    return answer.json();
  }
  std::string refusal(std::string_view body, int status) {
    const auto answer = p.call("POST", path + "/rotate", body);
    INFO(answer.body);
    CHECK(answer.status == status);
    return std::string(answer.json().at("error").at("message").as_string());
  }
};

} // namespace

TEST_CASE("admin rotate: a new secret, and the old one until its grace ends") {
  rotated_key k;
  k.p.pass(hours{1});
  const json::object rotated = k.rotate();
  CHECK(rotated.at("id") == k.made.at("id"));
  CHECK(rotated.at("version") == 2);
  const std::string fresh = text(rotated, "key");
  CHECK(fresh != text(k.made, "key"));
  CHECK(text(rotated, "rotated_at") == "2026-04-15T13:00:00Z");
  CHECK(rotated.at("rotated_from") == k.made.at("masked_key"));
  CHECK(rotated.at("secrets").at(0).at("rotated_from") == k.made.at("masked_key"));
  CHECK(rotated.at("secrets").at(1).at("rotated_from").is_null());
  CHECK(k.made.at("rotated_from").is_null());
  const auto record = k.p.stored(k.made);
  REQUIRE(record.secrets.size() == 2);
  CHECK(record.secrets[0].hash == proxy::admin::sha256(fresh));
  CHECK_FALSE(record.secrets[0].valid_until);
  CHECK(record.secrets[1].hash == proxy::admin::sha256(text(k.made, "key")));
  CHECK(record.secrets[1].valid_until == k.p.now() + hours{7 * 24});
  for (const auto& each : record.secrets)
    CHECK(k.p.directory().find(each.hash) == k.p.directory().by_id(record.id));
  const auto shown = k.p.call("GET", k.path);
  CHECK_FALSE(shown.json().contains("key"));
  CHECK(shown.body.find(fresh) == std::string::npos);
  CHECK(shown.json().at("secrets").as_array().size() == 2);
}

TEST_CASE("admin rotate: last use is told by secret") {
  rotated_key k;
  const std::string fresh = text(k.rotate(), "key");
  auto& directory = k.p.directory();
  directory.find_used(proxy::admin::sha256(text(k.made, "key")), noon + std::chrono::minutes{1});
  directory.find_used(proxy::admin::sha256(fresh), noon + std::chrono::minutes{2});
  const json::object shown = k.p.call("GET", k.path).json();
  const json::array& secrets = shown.at("secrets").as_array();
  CHECK(text(secrets[0].as_object(), "last_used_at") == "2026-04-15T12:02:00Z");
  CHECK(text(secrets[1].as_object(), "last_used_at") == "2026-04-15T12:01:00Z");
}

TEST_CASE("admin rotate: the grace is the caller's, down to none") {
  rotated_key k;
  k.rotate(R"({"grace_days": 0})");
  CHECK(k.p.stored(k.made).secrets[1].valid_until == k.p.now());
  k.rotate(R"({"grace_days": 0.5})");
  CHECK(k.p.stored(k.made).secrets[1].valid_until == k.p.now() + hours{12});
  for (const char* wrong : {"-1", "91", "\"7\"", "null", "1e400"})
    CHECK(k.refusal("{\"grace_days\": " + std::string(wrong) + "}", 400).find("grace_days") !=
          std::string::npos);
  CHECK(k.refusal(R"({"grace": 1})", 400).find("grace_days") != std::string::npos);
  CHECK(k.p.stored(k.made).version == 3);
}

TEST_CASE("admin rotate: what cannot be rotated says why, and stays as it is") {
  rotated_key k;
  for (int i = 1; i < 8; ++i)
    k.rotate();
  CHECK(k.refusal("", 409).find("grace_days 0") != std::string::npos);
  CHECK(k.p.stored(k.made).secrets.size() == 8);
  call_options options;
  options.more = {"If-Match: \"3\""};
  CHECK(k.p.call("POST", k.path + "/rotate", "", options).status == 412);
  k.p.call("DELETE", k.path);
  CHECK(k.p.call("POST", k.path + "/rotate").status == 404);
}

TEST_CASE("admin rotate: the audit trail says that it was, and no secret") {
  rotated_key k;
  const std::string fresh = text(k.rotate(), "key");
  const auto trail = k.p.call("GET", "/v1/audit");
  const json::object last = trail.json().at("data").at(0).as_object();
  CHECK(text(last, "action") == "key.rotate");
  CHECK(trail.body.find(fresh) == std::string::npos);
  k.p.reopen();
  CHECK(k.p.stored(k.made).secrets.size() == 2);
}
