// Who may come in: every check on the key and on its parents, in the fixed order, with words that
// help and, for the guide's programs, "invalid" and "expired" where they look for them.
#include "policies/admission/admission.hpp"
#include "tests/policies/admission/keys.hpp"
#include "tests/support/catch.hpp"

using namespace policies::admission;
using namespace tests;
using policies::access::find_route;
using policies::access::permission;
using policies::access::route;
namespace keys = policies::keys;
using keys::key_status;

namespace {

const route chat = *find_route("POST", "/chat/completions").found;
const route models = *find_route("GET", "/models").found;

caller_facts from(std::string_view ip) {
  return {.address = address(ip), .referer = {}, .origin = {}};
}

std::optional<refusal> check(const chain& members, const route& to = chat,
                             const caller_facts& facts = from("203.0.113.7")) {
  return check_caller(members, facts, to, noon);
}

refusal refused(const chain& members, const route& to = chat,
                const caller_facts& facts = from("203.0.113.7")) {
  auto why = check(members, to, facts);
  REQUIRE(why);
  CAPTURE(why->message);
  CHECK(why->message.ends_with(" (refused by deepseek-proxy)"));
  return *why;
}

} // namespace

TEST_CASE("caller: an active key without lists comes in, alone and below parents") {
  const key_record key = plain_key();
  const key_record team = group("team-a");
  const key_record account = group("all");
  CHECK_FALSE(check({&key}));
  CHECK_FALSE(check({&key, &team, &account}));
}

TEST_CASE("caller: a deactivated key is told so, with the word the guide's programs look for") {
  key_record key = plain_key();
  key.status = key_status::inactive;
  const refusal why = refused({&key});
  CHECK(why.code == refusal_code::inactive_api_key);
  CHECK(says(why.message, "deactivated"));
  CHECK(says(why.message, "invalid"));
}

TEST_CASE("caller: a deleted key is invalid") {
  key_record key = plain_key();
  key.status = key_status::deleted;
  const refusal why = refused({&key});
  CHECK(why.code == refusal_code::invalid_api_key);
  CHECK(says(why.message, "invalid"));
}

TEST_CASE("caller: a key is no better than its parents' status") {
  const key_record key = plain_key();
  key_record team = group("team-a");
  const key_record account = group("all");
  for (const key_status status : {key_status::inactive, key_status::deleted}) {
    team.status = status;
    const refusal why = refused({&key, &team, &account});
    CHECK(why.code == refusal_code::inactive_api_key);
    CHECK(says(why.message, "group \"team-a\""));
    CHECK(refused({&key, &account, &team}).code == refusal_code::inactive_api_key);
  }
}

TEST_CASE("caller: a key expires at its very millisecond, and the message never says invalid") {
  key_record key = plain_key();
  key.expires_at = noon + 1ms;
  CHECK_FALSE(check({&key}));
  key.expires_at = noon;
  const refusal why = refused({&key});
  CHECK(why.code == refusal_code::expired_api_key);
  CHECK(why.message == "API key has expired on 2026-11-18T12:00:00Z; ask the owner of this proxy "
                       "for a new one. (refused by deepseek-proxy)");
}

TEST_CASE("caller: an expired parent expires its keys, whatever it is called") {
  const key_record key = plain_key();
  key_record team = group("invalid");
  team.expires_at = noon - 1h;
  const refusal why = refused({&key, &team});
  CHECK(why.code == refusal_code::expired_api_key);
  CHECK(says(why.message, "expired"));
  CHECK(says(why.message, "2026-11-18T11:00:00Z"));
  CHECK_FALSE(says(why.message, "invalid"));
}

TEST_CASE("caller: a rotated secret works until its grace period ends, the new one after it") {
  key_record key = plain_key();
  keys::key_secret fresh;
  fresh.hash[0] = 1;
  keys::key_secret old;
  old.hash[0] = 2;
  old.valid_until = noon + 1ms;
  key.secrets = {fresh, old};
  caller_facts facts = from("203.0.113.7");
  facts.presented = &old.hash;
  CHECK_FALSE(check({&key}, chat, facts));
  key.secrets[1].valid_until = noon;
  const refusal why = refused({&key}, chat, facts);
  CHECK(why.code == refusal_code::expired_api_key);
  CHECK(says(why.message, "expired"));
  CHECK_FALSE(says(why.message, "invalid"));
  facts.presented = &fresh.hash;
  CHECK_FALSE(check({&key}, chat, facts));
}

TEST_CASE("caller: a secret that the key no longer has is invalid, also that of a group") {
  key_record key = plain_key();
  keys::secret_hash hash{};
  hash[31] = 9;
  caller_facts facts = from("203.0.113.7");
  facts.presented = &hash;
  CHECK(refused({&key}, chat, facts).code == refusal_code::invalid_api_key);
  CHECK(says(refused({&key}, chat, facts).message, "invalid"));
  const key_record team = group("team-a");
  CHECK(refused({&team}, chat, facts).code == refusal_code::invalid_api_key);
  CHECK(refused({}, chat, facts).code == refusal_code::invalid_api_key);
}

TEST_CASE("caller: the address must be in every list of the chain") {
  key_record key = plain_key();
  key_record team = group("team-a");
  team.allowed_ips = {network("203.0.113.0/24")};
  CHECK_FALSE(check({&key, &team}));
  const refusal why = refused({&key, &team}, chat, from("198.51.100.1"));
  CHECK(why.code == refusal_code::ip_not_allowed);
  CHECK(says(why.message, "198.51.100.1"));
  CHECK(says(why.message, "group \"team-a\""));

  key.allowed_ips = {network("0.0.0.0/0")};
  CHECK(refused({&key, &team}, chat, from("198.51.100.1")).code == refusal_code::ip_not_allowed);
  key.allowed_ips = {network("203.0.113.8")};
  CHECK(says(refused({&key, &team}).message, "this key"));
  key.allowed_ips = {network("203.0.113.8"), network("203.0.113.7")};
  CHECK_FALSE(check({&key, &team}));
  CHECK_FALSE(check({&key, &team}, chat, from("::ffff:203.0.113.7")));
}

TEST_CASE("caller: the page must be in every list of the chain") {
  key_record key = plain_key();
  key_record team = group("team-a");
  team.allowed_referrers = {page("https://*.example.com")};
  key.allowed_referrers = {page("https://app.example.com/*")};
  caller_facts facts = from("203.0.113.7");
  CHECK(refused({&key, &team}, chat, facts).code == refusal_code::referrer_not_allowed);
  CHECK(says(refused({&key, &team}, chat, facts).message, "neither Referer nor Origin"));
  facts.referer = "https://app.example.com/x";
  CHECK_FALSE(check({&key, &team}, chat, facts));
  facts.referer = "https://www.example.com/x";
  CHECK(says(refused({&key, &team}, chat, facts).message, "this key"));
  key.allowed_referrers.clear();
  CHECK_FALSE(check({&key, &team}, chat, facts));
  facts.referer = "https://evil.net/";
  CHECK(says(refused({&key, &team}, chat, facts).message, "group \"team-a\""));
  facts.referer = {};
  facts.origin = "https://www.example.com";
  CHECK_FALSE(check({&key, &team}, chat, facts));
}

TEST_CASE("caller: the route's permission is needed on every member of the chain") {
  key_record key = plain_key();
  key_record team = group("team-a");
  key.permissions = {};
  key.permissions.add(permission::code);
  refusal why = refused({&key, &team});
  CHECK(why.code == refusal_code::permission_denied);
  CHECK(says(why.message, "\"chat\""));
  CHECK(says(why.message, "this key"));
  key.permissions.add(permission::chat);
  CHECK_FALSE(check({&key, &team}));
  team.permissions = {};
  why = refused({&key, &team});
  CHECK(why.code == refusal_code::permission_denied);
  CHECK(says(why.message, "group \"team-a\""));
  CHECK_FALSE(check({&key, &team}, models));
}

TEST_CASE("caller: every documented permission opens its routes and no others") {
  struct door {
    permission with;
    std::string_view method, path;
  };
  const std::vector<door> doors{{permission::chat, "POST", "/v1/responses"},
                                {permission::code, "POST", "/beta/completions"},
                                {permission::images, "POST", "/v1/tools/ocr"},
                                {permission::audio, "POST", "/v1/tools/asr"},
                                {permission::embeddings, "POST", "/v1/embeddings"},
                                {permission::files, "GET", "/v1/files"},
                                {permission::fine_tuning, "POST", "/v1/fine_tuning/jobs"},
                                {permission::account, "GET", "/user/balance"}};
  for (const door& held : doors) {
    key_record key = plain_key();
    key.permissions = {};
    key.permissions.add(held.with);
    for (const door& tried : doors) {
      CAPTURE(tried.path);
      const route to = *find_route(tried.method, tried.path).found;
      CHECK(check({&key}, to).has_value() == (held.with != tried.with));
    }
  }
}

TEST_CASE("caller: of several reasons the first in the fixed order is told") {
  key_record key = plain_key();
  key.status = key_status::inactive;
  key.expires_at = noon;
  key.allowed_ips = {network("10.0.0.0/8")};
  key.allowed_referrers = {page("example.com")};
  key.permissions = {};
  CHECK(refused({&key}).code == refusal_code::inactive_api_key);
  key.status = key_status::active;
  CHECK(refused({&key}).code == refusal_code::expired_api_key);
  key.expires_at.reset();
  CHECK(refused({&key}).code == refusal_code::ip_not_allowed);
  CHECK(refused({&key}, chat, from("10.1.1.1")).code == refusal_code::referrer_not_allowed);
  key.allowed_referrers.clear();
  CHECK(refused({&key}, chat, from("10.1.1.1")).code == refusal_code::permission_denied);

  // A parent's earlier check comes before the key's own later one.
  key_record team = group("team-a");
  team.status = key_status::inactive;
  CHECK(refused({&key, &team}).code == refusal_code::inactive_api_key);
}

TEST_CASE("caller: a key with certificates wants one of them, its parents' too") {
  using policies::access::client_certificate;
  const key_record plain = plain_key();
  key_record team = group("team-a");
  team.client_certificates = {"CN=partner,O=Example"};
  const client_certificate partner{std::string(64, 'a'), "CN=partner,O=Example"};
  const client_certificate other{std::string(64, 'b'), "CN=other,O=Example"};
  caller_facts facts = from("203.0.113.7");
  const refusal none = refused({&plain, &team}, chat, facts);
  CHECK(none.code == refusal_code::certificate_not_allowed);
  CHECK(says(none.message, "No client certificate was shown"));
  facts.certificate = &other;
  CHECK(says(refused({&plain, &team}, chat, facts).message, "not among those of"));
  facts.certificate = &partner;
  CHECK_FALSE(check({&plain, &team}, chat, facts));
  CHECK_FALSE(check({&plain}, chat, from("203.0.113.7")));
}
