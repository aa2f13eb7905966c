// Who hears of what, and when.
#include "policies/insight/key_settings.hpp"
#include "policies/insight/routing.hpp"

#include "tests/support/catch.hpp"

namespace insight = policies::insight;
using insight::severity;
using policies::instant;
using namespace std::chrono_literals;

namespace {
const instant midnight{std::chrono::sys_days{std::chrono::year{2026} / 4 / 15}};
}

TEST_CASE("routing: by severity and key") {
  insight::routing of{.least = severity::warning, .keys = {"mine", "key_1"}};
  CHECK_FALSE(insight::wants(of, severity::info, {"mine"}));
  CHECK(insight::wants(of, severity::warning, {"key_7", "mine"}));
  CHECK_FALSE(insight::wants(of, severity::critical, {"key_7", "other"}));
  CHECK_FALSE(insight::wants(of, severity::critical, {}));
  of.keys.clear();
  CHECK(insight::wants(of, severity::critical, {}));
}

TEST_CASE("routing: quiet hours hold back what is not grave, over midnight too") {
  const insight::routing of{.quiet = insight::parse_quiet_hours("22:00-07:30")};
  const auto held = [&](std::chrono::minutes at) {
    return insight::held_until(of, severity::warning, midnight + at);
  };
  CHECK(held(23h) == midnight + 31h + 30min);
  CHECK(held(3h) == midnight + 7h + 30min);
  CHECK_FALSE(held(7h + 30min));
  CHECK_FALSE(held(21h + 59min));
  CHECK_FALSE(insight::held_until(of, severity::critical, midnight));
}

TEST_CASE("routing: quiet hours as they are written") {
  CHECK(insight::to_string(*insight::parse_quiet_hours("22:05-07:00")) == "22:05-07:00");
  for (const char* wrong : {"", "22-7", "24:00-07:00", "22:60-07:00", "07:00-07:00", "22:00 07:00"})
    CHECK_FALSE(insight::parse_quiet_hours(wrong));
}

TEST_CASE("routing: attempts at a receiver that is away come ever more seldom") {
  CHECK(insight::pause_after(1, 300s) == 1s);
  CHECK(insight::pause_after(4, 300s) == 8s);
  CHECK(insight::pause_after(10, 300s) == 300s);
  CHECK(insight::pause_after(100'000, 300s) == 300s);
}

TEST_CASE("routing: a key's own figures take the place of those for all, and no others") {
  insight::key_settings own;
  own.given = {{"volume_factor", 5}, {"silent_days", 3}};
  own.muted = {insight::rule::new_network};
  const insight::rule_settings all, by = insight::applied(own, all);
  CHECK(by.volume_factor == 5);
  CHECK(by.silent == std::chrono::days{3});
  CHECK(by.error_share == all.error_share);
  CHECK(insight::is_muted(own, insight::rule::new_network));
  CHECK_FALSE(insight::is_muted(own, insight::rule::volume));
  for (const insight::rule_setting& each : insight::key_rule_settings()) {
    insight::rule_settings changed;
    each.put(changed, each.most);
    CHECK(each.get(changed) == each.most);
  }
}
