// Every check of a key's health, at its bounds.
#include "policies/advice/health.hpp"
#include "tests/support/catch.hpp"

using namespace policies;
using namespace policies::advice;
using std::chrono::days;
using std::chrono::hours;

namespace {

constexpr instant noon{std::chrono::sys_days{std::chrono::year{2026} / 4 / 16} + hours{12}};

struct healthy {
  keys::key_record key;
  key_facts facts{.key = key, .now = noon};
  healthy() {
    key.created = noon - days{10};
    keys::key_secret secret;
    secret.created = noon - days{10};
    key.secrets.push_back(secret);
    key.permissions.add(access::permission::chat);
    key.limits.requests_per_minute = 60;
    key.limits.monthly = nano_usd{10'000'000'000};
    key.allowed_ips.push_back(*access::parse_network("203.0.113.0/24").network);
    facts.last_used = noon;
    facts.day = facts.month = {.requests = 200, .prompt_tokens = 1000, .output_tokens = 500};
    facts.peak_requests = 30;
    facts.exercised = key.permissions;
  }
  const finding* find(std::string_view check) {
    found = health_of(facts);
    for (const finding& each : found)
      if (each.check == check)
        return &each;
    return nullptr;
  }
  grade of(std::string_view check) {
    const finding* one = find(check);
    INFO(check);
    REQUIRE(one);
    CHECK(one->advice.empty() == (one->how == grade::good));
    return one->how;
  }
  std::vector<finding> found;
};

} // namespace

TEST_CASE("health: nothing to say of a key that is well kept") {
  healthy h;
  for (const finding& each : health_of(h.facts)) {
    INFO(each.check << ": " << each.message);
    CHECK((each.how == grade::good || each.check == "tokens_per_minute"));
  }
  CHECK(worst_of(health_of(h.facts)) == grade::good);
  CHECK(worst_of({}) == grade::good);
}

TEST_CASE("health: a key that is off, or has expired, is critical") {
  healthy h;
  h.key.status = keys::key_status::inactive;
  CHECK(h.of("status") == grade::critical);
  h.key.status = keys::key_status::active;
  for (const auto& [left, how] :
       {std::pair{days{40}, grade::good}, {days{29}, grade::hint}, {days{6}, grade::warning}}) {
    h.key.expires_at = noon + left;
    CHECK(h.of("expiry") == how);
  }
  h.key.expires_at = noon;
  CHECK(h.of("expiry") == grade::critical);
  h.key.expires_at = noon - days{3};
  CHECK(h.find("expiry")->message == "it expired 3 days ago");
}

TEST_CASE("health: silence and old secrets") {
  healthy h;
  CHECK_FALSE(h.find("use"));
  h.facts.last_used = noon - days{30};
  CHECK(h.of("use") == grade::warning);
  h.facts.last_used.reset();
  CHECK_FALSE(h.find("use"));
  h.key.created = noon - days{31};
  CHECK(h.find("use")->message == "it has never been used in 31 days");
  CHECK(h.of("rotation") == grade::good);
  h.key.secrets.front().created = noon - days{90};
  CHECK(h.of("rotation") == grade::hint);
  for (const auto& [every, how] : {std::pair{120, grade::good},
                                   {98, grade::good},
                                   {97, grade::hint},
                                   {90, grade::warning},
                                   {30, grade::warning}}) {
    h.key.rotate_every_days = static_cast<std::int16_t>(every);
    INFO(every);
    CHECK(h.of("rotation") == how);
  }
  h.key.secrets.clear();
  CHECK_FALSE(h.find("rotation"));
}

TEST_CASE("health: the guide's bound on errors, and limits that are hit") {
  healthy h;
  h.facts.day.errors = 20;
  CHECK(h.of("errors") == grade::good);
  h.facts.day.errors = 21;
  CHECK(h.of("errors") == grade::warning);
  h.facts.day.errors = 100;
  CHECK(h.of("errors") == grade::critical);
  h.facts.day = {.requests = 19, .errors = 19};
  CHECK(h.of("errors") == grade::good);
  CHECK_FALSE(h.find("limits"));
  h.facts.day = {.requests = 200, .limited = 3};
  CHECK(h.of("limits") == grade::warning);
}

TEST_CASE("health: limits by the minute against the busiest one") {
  healthy h;
  h.facts.peak_requests = 54;
  CHECK(h.of("requests_per_minute") == grade::warning);
  h.facts.peak_requests = 53;
  CHECK(h.of("requests_per_minute") == grade::good);
  h.facts.peak_requests = 5;
  CHECK(h.of("requests_per_minute") == grade::hint);
  h.key.limits.requests_per_minute.reset();
  CHECK(h.find("requests_per_minute")->advice == "a limit of 6 would not have been felt");
  h.facts.peak_requests = 0;
  CHECK_FALSE(h.find("requests_per_minute"));
  h.facts.peak_tokens = 1000;
  CHECK(h.of("tokens_per_minute") == grade::hint);
}

TEST_CASE("health: money spent, and money that will not last") {
  healthy h;
  h.facts.month_spent = nano_usd{5'000'000'000};
  CHECK(h.of("monthly_spending") == grade::good);
  CHECK_FALSE(h.find("forecast")); // 15.5 of 30 days: 9.68 of 10 dollars
  h.facts.month_spent = nano_usd{6'200'000'000};
  CHECK(h.of("forecast") == grade::warning);
  CHECK(h.find("forecast")->message ==
        "at this pace the month costs $12.00 and the limit is reached on day 26");
  h.facts.month_spent = nano_usd{8'000'000'000};
  CHECK(h.of("monthly_spending") == grade::warning);
  h.facts.month_spent = nano_usd{10'000'000'000};
  CHECK(h.of("monthly_spending") == grade::critical);
  CHECK_FALSE(h.find("forecast"));
  h.key.limits.daily = nano_usd{0};
  CHECK(h.of("daily_spending") == grade::critical);
  h.key.limits = {};
  CHECK(h.of("spending") == grade::hint);
  h.key.daily_budget = nano_usd{1};
  CHECK_FALSE(h.find("daily_budget"));
  h.facts.day_spent = nano_usd{2};
  CHECK(h.of("daily_budget") == grade::warning);
}

TEST_CASE("health: the month's first day says nothing about its end") {
  healthy h;
  h.facts.now = instant{std::chrono::sys_days{std::chrono::year{2026} / 5 / 1} + hours{23}};
  h.facts.month_spent = nano_usd{9'000'000'000};
  CHECK_FALSE(h.find("forecast"));
}

TEST_CASE("health: more than it needs") {
  healthy h;
  h.key.permissions.add(access::permission::files);
  CHECK(h.find("permissions")->message == "not used within 30 days: files");
  h.facts.month.requests = 99;
  CHECK_FALSE(h.find("permissions"));
  h.key.allowed_ips.clear();
  CHECK(h.of("networks") == grade::hint);
}

TEST_CASE("health: savings by the key's own traffic") {
  healthy h;
  CHECK_FALSE(h.find("caching"));
  h.facts.month.prompt_tokens = 95'000;
  h.facts.month.cached_tokens = 5'000;
  CHECK(h.of("caching") == grade::hint);
  h.facts.month.cached_tokens = 50'000;
  CHECK(h.of("caching") == grade::good);
  h.facts.models.push_back({"big", nano_usd{1'000'000'000}, "small", nano_usd{900'000'001}});
  CHECK_FALSE(h.find("models"));
  h.facts.models.push_back({"bigger", nano_usd{2'000'000'000}, "small", nano_usd{500'000'000}});
  CHECK(h.find("models")->advice == "try small where its answers are good enough: it saves $1.50");
}

TEST_CASE("health: every grade has a name of its own") {
  CHECK(name_of(grade::good) == "good");
  CHECK(name_of(grade::hint) == "hint");
  CHECK(name_of(grade::warning) == "warning");
  CHECK(name_of(grade::critical) == "critical");
}
