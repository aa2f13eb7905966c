// Making keys: what is answered, what the store then has, and that a secret is seen once.
#include <fstream>
#include <set>

#include "policies/keys/secret.hpp"
#include "proxy/admin/sha256.hpp"
#include "tests/proxy/admin/plane.hpp"

using namespace proxy::admin::test;
namespace json = boost::json;
using policies::nano_usd;
using policies::keys::key_record;

namespace {

// All files of the data directory, journal and database's log included.
std::string all_bytes(const std::filesystem::path& directory) {
  std::string all;
  for (const auto& each : std::filesystem::recursive_directory_iterator(directory))
    if (each.is_regular_file()) {
      std::ifstream file(each.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(file), {});
    }
  return all;
}

constexpr std::string_view every_field = R"({
  "name": "my-production-app", "description": "Production API key for web application",
  "environment": "Production", "type": "production",
  "permissions": ["chat", "code", "images", "audio", "embeddings", "files", "fine_tuning",
                  "account"],
  "models": ["deepseek-chat", "deepseek-v*"],
  "rate_limits": {"requests_per_minute": 1000, "tokens_per_minute": 100000,
                  "monthly_spending_limit": 500, "daily_spending_limit": 20.5,
                  "total_spending_limit": 0.000000001, "concurrent_requests": 7,
                  "burst_requests": 50, "burst_tokens": 5000},
  "daily_budget": 12.25, "token_accounting": "strict",
  "allowed_ips": ["203.0.113.0/24", "198.51.100.50", "2001:db8::/32"],
  "allowed_referrers": ["https://yourdomain.com/*", "https://api.yourdomain.com/*"],
  "expires_at": "2027-01-31T23:59:59.250+01:00", "metadata": {"team": "web", "n": [1, 2.5]}})";

} // namespace

TEST_CASE("admin create: every field is stored as it was given") {
  plane p;
  const key_record record = p.stored(p.create(every_field));
  CHECK(record.name == "my-production-app");
  CHECK(record.description == "Production API key for web application");
  CHECK(record.environment == "Production");
  CHECK(record.type == policies::keys::key_type::production);
  CHECK(record.status == policies::keys::key_status::active);
  CHECK(record.permissions.bits == 0xff);
  CHECK(record.models == std::vector<std::string>{"deepseek-chat", "deepseek-v*"});
  CHECK(record.limits.requests_per_minute == 1000);
  CHECK(record.limits.tokens_per_minute == 100'000);
  CHECK(record.limits.burst_requests == 50);
  CHECK(record.limits.burst_tokens == 5000);
  CHECK(record.limits.monthly == nano_usd{500'000'000'000});
  CHECK(record.limits.daily == nano_usd{20'500'000'000});
  CHECK(record.limits.total == nano_usd{1});
  CHECK(record.limits.concurrent_requests == 7);
  CHECK(record.daily_budget == nano_usd{12'250'000'000});
  CHECK(record.token_accounting == policies::keys::accounting::strict);
  REQUIRE(record.allowed_ips.size() == 3);
  CHECK(to_string(record.allowed_ips[0]) == "203.0.113.0/24");
  REQUIRE(record.allowed_referrers.size() == 2);
  CHECK(to_string(record.allowed_referrers[1]) == "https://api.yourdomain.com/*");
  CHECK(record.expires_at == policies::instant{policies::milliseconds{1'801'436'399'250}});
  CHECK(json::parse(record.metadata_json) == json::parse(R"({"team": "web", "n": [1, 2.5]})"));
  CHECK(record.created == noon);
  CHECK(record.updated == noon);
  CHECK(record.version == 1);
}

TEST_CASE("admin create: the answer shows what was stored, and the secret") {
  plane p;
  const auto answer = p.call("POST", "/v1/keys", every_field);
  CHECK(answer.status == 201);
  CHECK(answer.field("etag") == "\"1\"");
  CHECK(answer.field("content-type") == "application/json");
  CHECK(answer.field("cache-control") == "no-store");
  json::object view = answer.json();
  const std::string secret = text(view, "key");
  CHECK(policies::keys::well_formed(secret));
  CHECK(text(view, "masked_key") == policies::keys::masked(secret));
  CHECK(text(view, "created_at") == "2026-04-15T12:00:00Z");
  CHECK(text(view, "updated_at") == "2026-04-15T12:00:00Z");
  CHECK(text(view, "expires_at") == "2027-01-31T22:59:59.250Z");
  CHECK(view.at("last_used_at").is_null());
  CHECK(view.at("parent").is_null());
  CHECK(text(view, "status") == "active");
  CHECK(view.at("version") == 1);
  // All that was sent stands in the answer, amounts as numbers that read back exactly.
  const json::object sent = json::parse(every_field).as_object();
  for (const auto& [name, value] : sent) {
    INFO(name);
    REQUIRE(view.contains(name));
    if (name != "expires_at" && name != "rate_limits")
      CHECK(view.at(name) == value);
  }
  for (const auto& [name, value] : sent.at("rate_limits").as_object()) {
    INFO(name);
    CHECK(view.at("rate_limits").at(name).to_number<double>() == value.to_number<double>());
  }
  CHECK(answer.body.find("\"total_spending_limit\":0.000000001") != std::string::npos);
  view.erase("key");
  CHECK(p.call("GET", "/v1/keys/" + text(view, "id")).json() == view);
}

TEST_CASE("admin create: a secret is shown once, and only its hash is stored") {
  plane p;
  const json::object key = p.create(R"({"name": "one"})");
  const std::string secret = text(key, "key");
  const std::string id = text(key, "id");
  const key_record record = p.stored(key);
  REQUIRE(record.secrets.size() == 1);
  CHECK(record.secrets[0].hash == proxy::admin::sha256(secret));
  CHECK_FALSE(record.secrets[0].valid_until.has_value());
  REQUIRE(p.directory().find(record.secrets[0].hash) != nullptr);
  for (const std::string& target : {"/v1/keys/" + id, std::string("/v1/keys"),
                                    std::string("/v1/audit"), "/v1/keys/" + id + "/usage"}) {
    INFO(target);
    const auto answer = p.call("GET", target);
    CHECK(answer.status == 200);
    CHECK(answer.body.find(secret) == std::string::npos);
    CHECK(answer.body.find(secret.substr(6, 20)) == std::string::npos);
  }
  CHECK(p.call("PATCH", "/v1/keys/" + id, R"({"name": "two"})").body.find(secret) ==
        std::string::npos);
  REQUIRE(p.store().journal().flush());
  const std::string bytes = all_bytes(p.path());
  CHECK(bytes.find("two") != std::string::npos); // these are the files that keys are kept in
  CHECK(bytes.find(secret) == std::string::npos);
  CHECK(bytes.find(admin_key) == std::string::npos);
}

TEST_CASE("admin create: each type brings its defaults, which named fields replace") {
  plane p;
  const key_record production = p.stored(p.create(R"({"name": "p"})"));
  CHECK(production.type == policies::keys::key_type::production);
  CHECK(production.permissions.bits == 0x7f);
  CHECK(production.limits == policies::limits::limit_set{});
  CHECK(production.models.empty());
  CHECK(production.token_accounting == policies::keys::accounting::adaptive);

  const key_record development = p.stored(p.create(R"({"name": "d", "type": "development"})"));
  CHECK(development.models.at(0) == "deepseek-flash");
  CHECK(development.limits.requests_per_minute == 60);
  CHECK(development.limits.tokens_per_minute == 40'000);
  CHECK(development.limits.monthly == nano_usd{10'000'000'000});

  const key_record restricted = p.stored(p.create(R"({"name": "r", "type": "restricted"})"));
  CHECK(restricted.permissions.bits == 0);
  CHECK(restricted.token_accounting == policies::keys::accounting::strict);

  const key_record changed = p.stored(p.create(
      R"({"rate_limits": {"tokens_per_minute": null, "requests_per_minute": 5}, "models": null,
          "token_accounting": "strict", "name": "c", "type": "development"})"));
  CHECK(changed.limits.requests_per_minute == 5);
  CHECK_FALSE(changed.limits.tokens_per_minute.has_value());
  CHECK(changed.limits.monthly == nano_usd{10'000'000'000});
  CHECK(changed.models.empty());
  CHECK(changed.token_accounting == policies::keys::accounting::strict);
}

TEST_CASE("admin create: limits of nothing stay apart from no limits") {
  plane p;
  const key_record record = p.stored(p.create(
      R"({"name": "z", "rate_limits": {"requests_per_minute": 0, "monthly_spending_limit": 0,
          "daily_spending_limit": null}})"));
  CHECK(record.limits.requests_per_minute == 0);
  CHECK(record.limits.monthly == nano_usd{});
  CHECK_FALSE(record.limits.daily.has_value());
}

TEST_CASE("admin create: ids and secrets are all different, and keys outlive the process") {
  plane p;
  std::set<std::string> ids;
  std::set<std::string> secrets;
  for (int i = 0; i < 50; ++i) {
    const json::object key = p.create(R"({"name": "many"})");
    ids.insert(text(key, "id"));
    secrets.insert(text(key, "key"));
  }
  CHECK(ids.size() == 50);
  CHECK(secrets.size() == 50);
  p.reopen();
  for (const std::string& id : ids)
    CHECK(p.call("GET", "/v1/keys/" + id).status == 200);
}

TEST_CASE("admin create: the guide's rotator makes a copy from what get answers") {
  plane p;
  const json::object first = p.create(every_field);
  const json::object got = p.call("GET", "/v1/keys/" + text(first, "id")).json();
  const json::object wanted{{"name", text(got, "name") + "-rotated"},
                            {"permissions", got.at("permissions")},
                            {"rate_limits", got.at("rate_limits")}};
  const key_record copy = p.stored(p.create(json::serialize(wanted)));
  const key_record original = p.stored(first);
  CHECK(copy.limits == original.limits);
  CHECK(copy.permissions == original.permissions);
  CHECK(copy.secrets.at(0).hash != original.secrets.at(0).hash);
}
