// Single rules at their edges: what begins an alert, what ends it, what leaves it as it is.
#include <algorithm>

#include "policies/insight/alert_book.hpp"
#include "policies/insight/chance.hpp"
#include "policies/insight/key_rules.hpp"
#include "policies/insight/latency.hpp"
#include "policies/insight/origins.hpp"
#include "tests/support/catch.hpp"

namespace insight = policies::insight;
using insight::rule;
using insight::sight;
using policies::instant;
using policies::nano_usd;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t hour = 493'080;
const instant now{std::chrono::hours{hour} + 45min};

struct subject {
  policies::keys::key_record key;
  insight::history past{hour - insight::hours_looked_at, hour};
  insight::hour_use use;
  insight::recent_refusals refused;
  std::int64_t month = 0, day = 0;

  insight::verdict judge(rule which, instant at = now) const {
    const insight::key_facts facts{.key = key,
                                   .now = at,
                                   .past = past,
                                   .hour = use,
                                   .refused = refused,
                                   .month_spent = nano_usd{month},
                                   .day_spent = nano_usd{day}};
    const auto all = insight::judge(facts, {});
    const auto found =
        std::ranges::find_if(all, [&](const auto& each) { return each.which == which; });
    return found == all.end() ? insight::verdict{which} : *found;
  }
  // So many requests in the same hour of each of four weeks.
  void usual(std::int64_t requests) {
    for (int week = 1; week <= 4; ++week)
      past.add(hour - week * insight::hours_a_week, requests, 0);
  }
};

} // namespace

TEST_CASE("insight: the binomial tail against values that are known") {
  CHECK(insight::at_least(0, 10, 0.5) == 1);
  CHECK(insight::at_least(11, 10, 0.5) == 0);
  CHECK(insight::at_least(8, 10, 0.5) == Approx(56.0 / 1024));
  CHECK(insight::at_least(1, 20, 0.1) == Approx(0.878423).epsilon(1e-5));
  CHECK(insight::at_least(300, 700, 1.0 / 3) == Approx(8.2e-8).epsilon(0.2));
}

TEST_CASE("insight: volume is told with its figures, and only where chance does not explain it") {
  subject s;
  s.usual(100);
  s.use.requests = 190;
  CHECK(s.judge(rule::volume).seen == sight::absent);
  s.use.requests = 215; // more than twice, but so it may come by chance
  CHECK(s.judge(rule::volume).seen == sight::unclear);
  s.use.requests = 400;
  CHECK(s.judge(rule::volume).seen == sight::present);
  CHECK(s.judge(rule::volume).message ==
        "400 requests in this hour, 100 on average in the same hour of 4 weeks before");
}

TEST_CASE("insight: a key that always comes in bunches is not unusual when it does") {
  subject even, bunched;
  for (int day = 1; day <= 34; ++day)
    for (int at = 0; at < 24; ++at) {
      even.past.add(hour - day * 24 - at, 30, 0);
      bunched.past.add(hour - day * 24 - at, (day * 7 + at * 3) % 10 == 0 ? 300 : 0, 0);
    }
  even.use.requests = bunched.use.requests = 300;
  CHECK(even.judge(rule::volume).seen == sight::present);
  CHECK(bunched.judge(rule::volume).seen != sight::present);
}

TEST_CASE("insight: errors above a tenth are told once the share is certain") {
  subject s;
  s.use = {19, 19};
  CHECK(s.judge(rule::error_rate).seen != sight::present);
  s.use = {20, 20};
  CHECK(s.judge(rule::error_rate).seen == sight::present);
  s.use = {100, 12};
  CHECK(s.judge(rule::error_rate).seen == sight::unclear);
  s.use = {100, 10};
  CHECK(s.judge(rule::error_rate).seen == sight::absent);
  s.use = {400, 100};
  CHECK(s.judge(rule::error_rate).message == "100 of 400 requests in this hour failed (25.0 %)");
}

TEST_CASE("insight: a budget tells 50, 80 and 100 per cent, each by itself") {
  subject s;
  s.key.limits.monthly = nano_usd{10'000'000'000};
  const auto seen = [&](std::int64_t spent) {
    s.month = spent * 1'000'000'000;
    std::array<sight, 3> out{};
    std::ranges::transform(std::array{rule::budget_50, rule::budget_80, rule::budget_100},
                           out.begin(), [&](rule which) { return s.judge(which).seen; });
    return out;
  };
  CHECK(seen(4) == std::array{sight::absent, sight::absent, sight::absent});
  CHECK(seen(5) == std::array{sight::present, sight::absent, sight::absent});
  CHECK(seen(8) == std::array{sight::unclear, sight::present, sight::absent});
  CHECK(seen(10) == std::array{sight::unclear, sight::unclear, sight::present});
}

TEST_CASE("insight: the daily budget is told when it is passed, not when it is met") {
  subject s;
  s.key.daily_budget = nano_usd{2'000'000'000};
  s.day = 2'000'000'000;
  CHECK(s.judge(rule::daily_budget).seen == sight::absent);
  s.day += 1;
  CHECK(s.judge(rule::daily_budget).seen == sight::present);
}

TEST_CASE(
    "insight: the forecast tells what steady costs come to, and waits where they jump about") {
  const auto with = [](const std::vector<std::int64_t>& dollars_a_day, std::int64_t limit) {
    subject s;
    const std::int64_t today = hour / 24; // the 1st of April 2026 and the days before
    s.past = insight::history{hour - 20 * 24, hour};
    for (std::size_t i = 0; i < 19; ++i)
      s.past.add((today - 1 - static_cast<std::int64_t>(i)) * 24 + 5, 10,
                 dollars_a_day[i % dollars_a_day.size()] * 1'000'000'000);
    s.key.limits.monthly = nano_usd{limit * 1'000'000'000};
    return s.judge(rule::forecast).seen;
  };
  CHECK(with({10}, 100) == sight::present);
  CHECK(with({10}, 1000) == sight::absent);
  CHECK(with({0, 40, 1, 0, 9}, 250) == sight::unclear);
}

TEST_CASE(
    "insight: a key that was silent for thirty days is told when it wakes, a new one is not") {
  subject s;
  s.use.requests = 1;
  CHECK(s.judge(rule::silent_key).seen == sight::present);
  s.past.add(hour - 29 * 24, 1, 0);
  CHECK(s.judge(rule::silent_key).seen == sight::unclear);
  subject fresh;
  fresh.past = insight::history{hour - 3, hour};
  fresh.use.requests = 1;
  CHECK(fresh.judge(rule::silent_key).seen == sight::unclear);
}

TEST_CASE("insight: refusals and expiry") {
  subject s;
  s.refused = {.forbidden = 20, .limited_minutes = 10, .limited = 300};
  CHECK(s.judge(rule::refused_burst).seen == sight::present);
  CHECK(s.judge(rule::limit_again).message ==
        "a limit refused 300 requests in 10 of the last 60 minutes");
  s.refused = {.forbidden = 19, .limited_minutes = 3, .limited = 300};
  CHECK(s.judge(rule::refused_burst).seen == sight::unclear);
  s.key.expires_at = now + std::chrono::days{8};
  CHECK(s.judge(rule::expiring).seen == sight::absent);
  s.key.expires_at = now + std::chrono::days{7};
  CHECK(s.judge(rule::expiring).seen == sight::present);
  s.key.rotate_every_days = 90;
  s.key.secrets.emplace_back().created = now - std::chrono::days{90};
  CHECK(s.judge(rule::rotation_due).seen == sight::present);
}

TEST_CASE("insight: only a settled key's new network is told") {
  insight::known_places known;
  const insight::rule_settings by;
  const auto note = [&](const char* address, std::chrono::days later) {
    const auto network = insight::network_of(*policies::access::parse_ip(address));
    return insight::note_place(known, network, now + later, by);
  };
  CHECK_FALSE(note("203.0.113.7", 0 * std::chrono::days{1}).to_tell);
  CHECK_FALSE(note("203.0.113.200", std::chrono::days{3}).is_new); // the same /24
  CHECK_FALSE(note("198.51.100.1", std::chrono::days{3}).to_tell); // still learning
  CHECK_FALSE(note("192.0.2.1", std::chrono::days{8}).to_tell);    // 5 days after the last one
  CHECK(note("2001:db8::1", std::chrono::days{15}).to_tell);
  CHECK(known.places.back() == "2001:db8::/48");
  CHECK(insight::site_of("https://App.Example.com/secret?token=1") == "https://app.example.com");
}

TEST_CASE("insight: what two proxies know of a key's places is known to both") {
  const insight::known_places mine{{"a", "b"}, now};
  const insight::known_places theirs{{"b", "c"}, now + 1min};
  const insight::known_places both = joined(mine, theirs);
  CHECK(both.places == std::vector<std::string>{"a", "b", "c"});
  CHECK(both.newest == now + 1min);
  CHECK(joined(both, mine).places == both.places);
  insight::known_places many;
  for (std::size_t i = 0; i < insight::known_places::places_max; ++i)
    many.places.push_back(std::to_string(i));
  const insight::known_places newest = joined(many, mine);
  CHECK(newest.places.size() == insight::known_places::places_max);
  CHECK(newest.places.back() == "b");
}

TEST_CASE("insight: the upstream's latency jumps, and what is unusual is not learnt") {
  insight::latency_watch watch;
  instant at = now;
  for (int minute = 0; minute < 60; ++minute, at += 1min) {
    for (std::uint32_t i = 0; i < 10; ++i)
      watch.add(at, 500 + 40 * i);
    CHECK(watch.judge(at, {}, false).seen != sight::present);
  }
  for (int minute = 0; minute < 5; ++minute, at += 1min)
    for (std::uint32_t i = 0; i < 10; ++i)
      watch.add(at, 5000 + 100 * i);
  CHECK(watch.judge(at, {}, false).seen == sight::present);
  for (int minute = 0; minute < 6 * 60; ++minute, at += 1min) {
    watch.add(at, 5000);
    CHECK(watch.judge(at, {}, true).seen != sight::absent);
  }
  for (int minute = 0; minute < 6; ++minute, at += 1min)
    for (std::uint32_t i = 0; i < 10; ++i)
      watch.add(at, 600);
  CHECK(watch.judge(at, {}, true).seen == sight::absent);
}

TEST_CASE("insight: a condition is told once, and once more when it is over") {
  insight::alert_book book;
  const policies::key_id key{7};
  const insight::verdict present{rule::error_rate, sight::present, "25 %"};
  const insight::verdict absent{rule::error_rate, sight::absent, "1 %"};
  auto told = book.weigh(key, present, now);
  REQUIRE(told);
  CHECK(book.weigh(key, present, now)); // not before it is committed
  book.commit(*told);
  CHECK_FALSE(book.weigh(key, present, now + 1min));
  CHECK_FALSE(book.weigh(key, {rule::error_rate, sight::unclear}, now + 1min));
  CHECK(book.weigh(policies::key_id{8}, present, now)); // another key's is another alert
  told = book.weigh(key, absent, now + 10min);
  REQUIRE(told);
  CHECK(told->message == "25 %");
  CHECK(told->resolution == "1 %");
  book.commit(*told);
  CHECK(book.all_open().empty());
  CHECK_FALSE(book.weigh(key, present, now + 20min)); // it was over for too short
  CHECK(book.weigh(key, present, now + 71min));
}

TEST_CASE("insight: a notice is over after a day, and restored alerts do not fire again") {
  insight::alert_book book;
  const policies::key_id key{7};
  const auto told = book.weigh(key, {rule::new_network, sight::present, "m", "192.0.2.0/24"}, now);
  book.restore(*told);
  CHECK_FALSE(book.weigh(key, {rule::new_network, sight::present, "m", "192.0.2.0/24"}, now));
  CHECK(book.weigh(key, {rule::new_network, sight::present, "m", "198.51.100.0/24"}, now));
  CHECK(book.over_by_now(now + 23h).empty());
  CHECK(book.over_by_now(now + 24h).size() == 1);
}

TEST_CASE("insight: every rule has a name of its own") {
  for (std::size_t i = 0; i < insight::rule_count; ++i) {
    const auto which = static_cast<rule>(i);
    CHECK(insight::rule_named(insight::name_of(which)) == which);
  }
  CHECK_FALSE(insight::rule_named("nonsense"));
}
