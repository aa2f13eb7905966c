// What a key can hand on: each field by itself, and at random against what admission then lets
// through.
#include "policies/keys/delegation.hpp"

#include <array>
#include <random>

#include "tests/support/catch.hpp"

using namespace policies;
using keys::key_record;
using chain = std::vector<const key_record*>;

namespace {

constexpr instant noon{std::chrono::sys_days{std::chrono::year{2026} / 4 / 15} +
                       std::chrono::hours{12}};

access::ip_network network(std::string_view text) {
  return *access::parse_network(text).network;
}
access::referrer_pattern pages(std::string_view text) {
  return *access::parse_referrer(text).pattern;
}

key_record parent_record() {
  key_record parent;
  parent.id = key_id{1};
  parent.permissions.add(access::permission::chat);
  parent.models = {"deepseek-flash", "deepseek-v4-*"};
  parent.limits.tokens_per_minute = 1000;
  parent.limits.monthly = nano_usd{5'000'000'000};
  parent.allowed_ips = {network("10.0.0.0/8")};
  parent.allowed_referrers = {pages("https://*.example.com/*")};
  parent.expires_at = noon + std::chrono::hours{24};
  return parent;
}

std::string wider_field(const key_record& child, const key_record& parent) {
  const auto wider = keys::first_widening(child, chain{&parent});
  return wider ? wider->field : "";
}

template <class Set>
std::string field_where(Set set) {
  key_record child;
  set(child);
  return wider_field(child, parent_record());
}

} // namespace

TEST_CASE("delegation: a child without anything of its own is as its parent") {
  CHECK(field_where([](key_record&) {}).empty());
  CHECK(field_where([](key_record& c) { c = parent_record(); }).empty());
}

TEST_CASE("delegation: each field is refused where it says more than the parent's") {
  CHECK(field_where([](key_record& c) { c.permissions.add(access::permission::files); }) ==
        "permissions");
  CHECK(field_where([](key_record& c) { c.models = {"deepseek-pro"}; }) == "models");
  CHECK(field_where([](key_record& c) { c.models = {"deepseek-*"}; }) == "models");
  CHECK(field_where([](key_record& c) {
          c.models = {"deepseek-v4-flash", "deepseek-v4-p*"};
        }).empty());
  CHECK(field_where([](key_record& c) { c.limits.tokens_per_minute = 1001; }) ==
        "rate_limits.tokens_per_minute");
  CHECK(field_where([](key_record& c) { c.limits.tokens_per_minute = 1000; }).empty());
  CHECK(field_where([](key_record& c) { c.limits.requests_per_minute = 1'000'000; }).empty());
  CHECK(field_where([](key_record& c) { c.limits.monthly = nano_usd{5'000'000'001}; }) ==
        "rate_limits.monthly_spending_limit");
  CHECK(field_where([](key_record& c) { c.allowed_ips = {network("10.0.0.0/7")}; }) ==
        "allowed_ips");
  CHECK(field_where([](key_record& c) { c.allowed_ips = {network("10.1.2.3")}; }).empty());
  CHECK(field_where([](key_record& c) {
          c.expires_at = noon + std::chrono::hours{24} + milliseconds{1};
        }) == "expires_at");
}

TEST_CASE("delegation: of referrers only what is surely narrower passes") {
  const auto field = [](std::string_view text) {
    return field_where([&](key_record& c) { c.allowed_referrers = {pages(text)}; });
  };
  CHECK(field("https://*.example.com/*").empty());
  CHECK(field("https://app.example.com/*").empty());
  CHECK(field("https://*.app.example.com/login").empty());
  for (const char* wider :
       {"https://example.com/*", "*.example.com", "https://other.com/*", "http://app.example.com/*",
        "https://badexample.com/*", "https://app.example.com:*/*"}) {
    INFO(wider);
    CHECK(field(wider) == "allowed_referrers");
  }
}

TEST_CASE("delegation: a limit of any member of the chain binds") {
  const key_record group = [] {
    key_record g;
    g.id = key_id{2};
    g.limits.monthly = nano_usd{1};
    g.is_group = true;
    return g;
  }();
  key_record between;
  between.id = key_id{3};
  key_record child;
  child.limits.monthly = nano_usd{2};
  const chain above{&between, &group};
  REQUIRE(keys::first_widening(child, above));
  keys::fit_within(child, above);
  CHECK(child.limits.monthly == nano_usd{1});
}

TEST_CASE("delegation: four keys and two groups are the deepest chain") {
  key_record group, key;
  group.is_group = true;
  const chain four{&key, &key, &key, &key};
  const chain three_in_two{&key, &key, &key, &group, &group};
  CHECK(keys::refuse_depth(key, four));
  CHECK_FALSE(keys::refuse_depth(key, three_in_two));
  CHECK(keys::refuse_depth(group, chain{&key}));
  CHECK(keys::refuse_depth(group, chain{&group, &group}));
  CHECK_FALSE(keys::refuse_depth(group, chain{&group}));
}

namespace {

// Small worlds, so that random keys often meet.
struct random_world {
  std::mt19937 random;
  std::size_t pick(std::size_t count) { return random() % count; }

  key_record record() {
    static const std::array models{"a", "ab", "a*", "abc", "b*", "*"};
    static const std::array networks{"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "0.0.0.0/0"};
    static const std::array referrers{"https://x.com/*", "*.x.com", "https://a.x.com/p",
                                      "http://a.x.com:*/*", "x.com"};
    key_record out;
    out.permissions.bits = static_cast<std::uint16_t>(pick(8));
    for (std::size_t i = pick(3); i > 0; --i)
      out.models.emplace_back(models[pick(models.size())]);
    for (std::size_t i = pick(3); i > 0; --i)
      out.allowed_ips.push_back(network(networks[pick(networks.size())]));
    for (std::size_t i = pick(3); i > 0; --i)
      out.allowed_referrers.push_back(pages(referrers[pick(referrers.size())]));
    if (pick(2) == 0)
      out.expires_at = noon + std::chrono::hours{pick(4)};
    return out;
  }
};

struct probe {
  access::permission needs;
  const char* model;
  const char* address;
  const char* referer;
  instant at;
};

bool lets_through(const key_record& alone, const probe& what) {
  const auto address = *access::parse_ip(what.address);
  return alone.permissions.has(what.needs) && keys::model_allowed(alone, what.model) &&
         (alone.allowed_ips.empty() || access::any_contains(alone.allowed_ips, address)) &&
         access::referrer_allowed(alone.allowed_referrers, what.referer, {}) &&
         (!alone.expires_at || what.at < *alone.expires_at);
}

// What the child says by itself: where it says nothing, its parents' word holds.
key_record completed(key_record child, const key_record& parent) {
  if (child.models.empty())
    child.models = parent.models;
  if (child.allowed_ips.empty())
    child.allowed_ips = parent.allowed_ips;
  if (child.allowed_referrers.empty())
    child.allowed_referrers = parent.allowed_referrers;
  if (!child.expires_at)
    child.expires_at = parent.expires_at;
  return child;
}

} // namespace

TEST_CASE("delegation: whatever passes the check lets through nothing that its parent refuses") {
  random_world world{std::mt19937{20261124}};
  int passed = 0, let_through = 0;
  for (int round = 0; round < 20'000; ++round) {
    const key_record parent = world.record();
    const key_record child = world.record();
    if (!wider_field(child, parent).empty())
      continue;
    ++passed;
    const key_record whole = completed(child, parent);
    for (const char* model : {"a", "ab", "abc", "b", "c"})
      for (const char* address : {"10.1.2.3", "10.1.9.9", "10.9.9.9", "192.0.2.1"})
        for (const char* referer : {"https://x.com/", "https://a.x.com/p", "http://a.x.com:81/q",
                                    "http://x.com/z", "https://y.com/"})
          for (int hours = 0; hours < 4; ++hours) {
            const probe what{access::permission(round % 3), model, address, referer,
                             noon + std::chrono::hours{hours}};
            if (!lets_through(whole, what))
              continue;
            ++let_through;
            if (!lets_through(parent, what))
              FAIL("round " << round << ": " << model << " " << address << " " << referer);
          }
  }
  CHECK(passed > 500);
  CHECK(let_through > 500);
}

TEST_CASE("delegation: a child waits and keeps answers no longer than its parent") {
  key_record parent = parent_record();
  parent.max_wait_ms = 1000;
  parent.cache_ttl_s = 60;
  key_record child = parent_record();
  child.max_wait_ms = 1000;
  child.cache_ttl_s = 60;
  CHECK(wider_field(child, parent).empty());
  child.max_wait_ms = 1001;
  CHECK(wider_field(child, parent) == "max_wait_ms");
  child.max_wait_ms = 0;
  child.cache_ttl_s = 61;
  CHECK(wider_field(child, parent) == "cache_ttl_s");
}
