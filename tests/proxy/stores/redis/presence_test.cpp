// Counting who is there, with clocks and orders of our choice.
#include "proxy/stores/redis/presence.hpp"

#include <vector>

#include "tests/support/catch.hpp"

namespace redis = proxy::stores::redis;
using seen = redis::presence::seen;

namespace {

constexpr std::int64_t start = 1'795'860'000'000;

std::int64_t among(redis::presence& by, std::int64_t now_ms, std::vector<seen> others) {
  others.push_back({"me", now_ms});
  return by.count("me", now_ms, others).among;
}

// Known to another one, "a", who told last at start + 700.
void settle(redis::presence& self) {
  among(self, start, {{"a", start}});
  among(self, start + 500, {{"a", start + 400}});
  REQUIRE(among(self, start + 800, {{"a", start + 700}}) == 2);
}

} // namespace

TEST_CASE("presence: alone, it has all once it has told and looked again") {
  redis::presence self;
  CHECK(among(self, start, {}) == 0);
  CHECK(among(self, start + 50, {}) == 1);
}

TEST_CASE("presence: a newcomer has no part until each other one has told after it was told of") {
  redis::presence self;
  CHECK(among(self, start, {{"a", start - 100}, {"b", start - 900}}) == 0);
  CHECK(among(self, start + 50, {{"a", start + 20}, {"b", start - 900}}) == 0); // who knows when
  CHECK(among(self, start + 300, {{"a", start + 270}, {"b", start - 900}}) == 0);
  CHECK(among(self, start + 300, {{"a", start + 270}, {"b", start + 50}}) == 0); // the same instant
  CHECK(among(self, start + 600, {{"a", start + 520}, {"b", start + 100}}) == 3);
}

TEST_CASE("presence: one that fell silent is not waited for, and divided by for a minute") {
  redis::presence self;
  CHECK(among(self, start, {{"gone", start - 10'000}}) == 0);
  CHECK(among(self, start + 50, {{"gone", start - 10'000}}) == 2);
  CHECK(among(self, start + 49'000, {{"gone", start - 10'000}}) == 2);
  CHECK(among(self, start + 51'000, {{"gone", start - 10'000}}) == 1);
}

TEST_CASE("presence: after an absence of a few seconds it divides by those who were there before") {
  redis::presence self;
  settle(self);
  CHECK(among(self, start + 20'000, {{"a", start + 700}}) == 2); // back first
}

TEST_CASE("presence: whoever was silent for so long that others forgot it begins anew") {
  redis::presence self;
  settle(self);
  CHECK(among(self, start + 90'000, {{"a", start + 89'900}}) == 0);
  CHECK(among(self, start + 90'250, {{"a", start + 90'150}}) == 0);
  CHECK(among(self, start + 90'500, {{"a", start + 90'400}}) == 2);
}

TEST_CASE("presence: who is there is counted by what was told lately, also before all know") {
  redis::presence self;
  const std::vector<seen> all{{"me", start}, {"a", start - 3'500}, {"b", start - 3'501}};
  CHECK(self.count("me", start, all).there == 2);
}
