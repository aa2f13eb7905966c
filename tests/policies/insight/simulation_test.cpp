// What the rules are worth on traffic that is as irregular as real one: what was planted is found,
// and hardly anything else. 3 seeds here, fewer keys under a sanitizer, which looks for other
// things and is thirty times as slow; INSIGHT_SEEDS=20 is the whole claim.
#include "tests/policies/insight/world.hpp"

#include <cstdlib>
#include <map>

#include "policies/limits/calendar.hpp"

#include "tests/support/catch.hpp"

namespace {

using policies::insight::rule;

struct extent {
  unsigned seeds = 0;
  int keys = 0;
};

extent wanted() {
  if (const char* seeds = std::getenv("INSIGHT_SEEDS"))
    return {static_cast<unsigned>(std::atoi(seeds)), 200};
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return {1, 50};
#else
  return {3, 200};
#endif
}

bool was_planted(const world::simulation& in, const world::fired& each) {
  const world::planted& plan = in.plan();
  const bool then = each.hour >= plan.hour && each.hour < plan.hour + 4;
  return then &&
         ((each.which == rule::volume && (each.key == plan.busy || each.key == plan.woken)) ||
          (each.which == rule::error_rate && each.key == plan.failing) ||
          (each.which == rule::silent_key && each.key == plan.woken));
}

// Budgets tell what is so; the others may be wrong.
bool may_be_false(rule which) {
  return which == rule::volume || which == rule::error_rate || which == rule::silent_key ||
         which == rule::forecast;
}

bool finds(const world::simulation& in, rule which, policies::key_id key) {
  for (const world::fired& each : in.alerts())
    if (each.which == which && each.key == key && was_planted(in, each))
      return true;
  return false;
}

} // namespace

TEST_CASE("insight: of many keys over weeks, what was planted is found and hardly anything else") {
  const auto [seeds, keys] = wanted();
  int false_ones = 0, weeks = 0;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    INFO("seed " << seed);
    world::simulation month{seed, keys, 40};
    month.run();
    CHECK(finds(month, rule::volume, month.plan().busy));
    CHECK(finds(month, rule::error_rate, month.plan().failing));
    CHECK(finds(month, rule::silent_key, month.plan().woken));
    std::map<std::int64_t, int> by_week;
    for (const world::fired& each : month.alerts()) {
      if (!may_be_false(each.which) || was_planted(month, each))
        continue;
      const bool complete =
          each.month ==
          policies::limits::month_of(policies::instant{std::chrono::hours{month.first_hour()}});
      if (each.which == rule::forecast && (!complete || month.ran_out(each.key, each.month)))
        continue;
      ++by_week[(each.hour - month.first_hour()) / 168];
      WARN("false: " << policies::insight::name_of(each.which) << " of key " << each.key.value
                     << " in hour " << each.hour - month.first_hour());
    }
    for (const auto& [week, count] : by_week) {
      CHECK(count <= 1);
      false_ones += count;
    }
    weeks += static_cast<int>(month.hours() / 168);
  }
  WARN(false_ones << " false ones in " << weeks << " simulated weeks of " << keys << " keys");
  CHECK(false_ones * 20 <= weeks + 20); // by far less than one a week
}
