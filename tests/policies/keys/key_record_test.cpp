// What a key is before its owner says anything, and which models a list allows.
#include <string>
#include <vector>

#include "policies/keys/key_record.hpp"
#include "tests/support/catch.hpp"

using namespace policies;
using namespace policies::keys;
using access::permission;

TEST_CASE("key_type: a production key may do everything but see the account, without limits") {
  const key_record key = defaults_of(key_type::production);
  for (const permission each :
       {permission::chat, permission::code, permission::images, permission::audio,
        permission::embeddings, permission::files, permission::fine_tuning})
    CHECK(key.permissions.has(each));
  CHECK_FALSE(key.permissions.has(permission::account));
  CHECK(key.limits == limits::limit_set{});
  CHECK(key.models.empty());
  CHECK(key.token_accounting == accounting::adaptive);
  CHECK(key.status == key_status::active);
  CHECK(key.type == key_type::production);
}

TEST_CASE("key_type: a development key is small and reaches only the cheap model") {
  const key_record key = defaults_of(key_type::development);
  CHECK(key.permissions == defaults_of(key_type::production).permissions);
  CHECK(model_allowed(key, "deepseek-flash"));
  CHECK(model_allowed(key, "deepseek-v4-flash"));
  for (const std::string_view dear : {"deepseek-v4-pro", "deepseek-chat", "deepseek-reasoner",
                                      "claude-opus-4", "deepseek-flash2"})
    CHECK_FALSE(model_allowed(key, dear));
  limits::limit_set expected;
  expected.requests_per_minute = 60;
  expected.tokens_per_minute = 40'000;
  expected.monthly = nano_usd{10'000'000'000};
  CHECK(key.limits == expected);
  CHECK(key.token_accounting == accounting::adaptive);
}

TEST_CASE("key_type: a restricted key may do nothing that is not named, and is strict") {
  const key_record key = defaults_of(key_type::restricted);
  CHECK(key.permissions == access::permission_set{});
  CHECK(key.token_accounting == accounting::strict);
  CHECK(key.limits == limits::limit_set{});
  CHECK(key.models.empty());
}

TEST_CASE("model_allowed: exact names, or a prefix that ends in a star") {
  key_record key;
  CHECK(model_allowed(key, "anything"));
  CHECK(model_allowed(key, ""));
  key.models = {"deepseek-flash", "claude-opus*"};
  CHECK(model_allowed(key, "deepseek-flash"));
  CHECK(model_allowed(key, "claude-opus"));
  CHECK(model_allowed(key, "claude-opus-4.5"));
  for (const std::string_view model : {"", "deepseek-flash ", "DeepSeek-Flash", "deepseek-flas",
                                       "deepseek-flashy", "claude-opu", "claude-sonnet", "*"})
    CHECK_FALSE(model_allowed(key, model));
  key.models = {"*"};
  CHECK(model_allowed(key, "anything"));
  key.models = {"deepseek-*-pro"};
  CHECK_FALSE(model_allowed(key, "deepseek-v4-pro"));
  key.models = {""};
  CHECK_FALSE(model_allowed(key, "deepseek-flash"));
}

TEST_CASE("key_record: names and values stand for each other") {
  for (const key_type each : {key_type::production, key_type::development, key_type::restricted})
    CHECK(key_type_named(name_of(each)) == each);
  for (const accounting each : {accounting::adaptive, accounting::strict})
    CHECK(accounting_named(name_of(each)) == each);
  CHECK(name_of(key_type::development) == "development");
  CHECK(name_of(key_status::active) == "active");
  CHECK(name_of(key_status::inactive) == "inactive");
  CHECK(name_of(key_status::deleted) == "deleted");
  CHECK_FALSE(key_type_named("Production"));
  CHECK_FALSE(key_type_named(""));
  CHECK_FALSE(accounting_named("lenient"));
}

TEST_CASE("key_record: any changed field makes it another record") {
  const key_record key = defaults_of(key_type::development);
  key_record other = key;
  CHECK(other == key);
  other.limits.daily = nano_usd{1};
  CHECK_FALSE(other == key);
  other = key;
  other.secrets.push_back({.hash = {}, .masked = "", .created = {}, .valid_until = {}});
  CHECK_FALSE(other == key);
}

TEST_CASE("key_record: every name is read as it is told, and no other") {
  for (const accounting each : {accounting::adaptive, accounting::strict})
    CHECK(accounting_named(name_of(each)) == each);
  for (const admin_role each : {admin_role::viewer, admin_role::operator_, admin_role::owner})
    CHECK(admin_role_named(name_of(each)) == each);
  for (const std::string_view odd : {"", "Strict", "owner ", "operator_"}) {
    CHECK_FALSE(accounting_named(odd));
    CHECK_FALSE(admin_role_named(odd));
  }
}

TEST_CASE("key_record: an alias stands for its model, any other name for itself") {
  key_record key;
  key.aliases = {{"gpt-4o", "deepseek-v4-pro"}};
  CHECK(aliased(key, "gpt-4o") == "deepseek-v4-pro");
  CHECK(aliased(key, "gpt-4") == "gpt-4");
}
