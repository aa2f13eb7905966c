// The ring against a plain map of who is due when, in simulated time.
#include "proxy/io/deadline_wheel.hpp"

#include <memory>
#include <random>
#include <set>

#include "tests/support/catch.hpp"

using namespace proxy::io;

namespace {

std::set<timed*> due_at(deadline_wheel& wheel, deadline now) {
  std::vector<timed*> due;
  wheel.collect(now, due);
  std::set<timed*> once(due.begin(), due.end());
  CHECK(once.size() == due.size()); // nobody twice
  return once;
}

} // namespace

TEST_CASE("deadline_wheel: whoever is due is told at that tick, and nobody else, wherever it was") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    const auto below = [&](std::int64_t n) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    deadline now = 1'000'000 + below(1'000'000'000);
    const auto any_due = [&] {
      const std::int64_t kind = below(6);
      return kind == 0   ? no_deadline
             : kind == 1 ? now + below(400'000)
                         : now - 50 + below(kind == 2 ? 30'000 : 500);
    };
    deadline_wheel wheel;
    std::vector<std::unique_ptr<timed>> all;
    for (int step = 0; step < 2000; ++step) {
      if (all.size() < 40 && below(3) == 0) {
        all.push_back(std::make_unique<timed>());
        wheel.set(*all.back(), any_due());
        wheel.add(*all.back());
      }
      if (!all.empty() && below(8) == 0) {
        const auto gone = all.begin() + below(static_cast<std::int64_t>(all.size()));
        wheel.remove(**gone);
        all.erase(gone);
      }
      for (const auto& each : all)
        if (below(10) == 0)
          wheel.set(*each, any_due());
      // Mostly a tick, or a little more; a stall now and then; or a loop that was frozen.
      const std::int64_t stall = below(50);
      now += 100 + (stall == 0 ? below(60'000) : below(stall < 5 ? 1000 : 20));
      std::set<timed*> expected;
      for (const auto& each : all)
        if (each->due() <= now)
          expected.insert(each.get());
      REQUIRE(due_at(wheel, now) == expected);
      for (timed* const each : expected)
        if (below(4) != 0)
          wheel.set(*each, any_due());
      CHECK(wheel.empty() == all.empty());
    }
    std::size_t seen = 0;
    wheel.for_each([&](timed&) { ++seen; });
    CHECK(seen == all.size());
  }
}

TEST_CASE("deadline_wheel: a crowd that came at once is not looked at at once") {
  deadline_wheel wheel;
  std::vector<timed> crowd(10'000);
  for (timed& each : crowd) {
    wheel.set(each, 3'600'000);
    wheel.add(each);
  }
  std::vector<timed*> due;
  for (deadline now = 0; now < 3'600'000; now += tick_ms)
    wheel.collect(now, due);
  CHECK(due.empty());
  wheel.collect(3'600'000, due);
  CHECK(due.size() == crowd.size());
}
