// The expected size of a request: what is learnt, what is shared, what is forgotten.
#include "policies/limits/estimator.hpp"

#include <algorithm>
#include <limits>
#include <random>
#include <string>

#include "tests/policies/limits/keys.hpp"
#include "tests/support/catch.hpp"

using namespace tests;
using limits::estimator;

namespace {
std::int64_t expected(const estimator& e, std::string_view model, std::int64_t prompt,
                      std::int64_t cap) {
  return e.expected(model, tokens{prompt}, tokens{cap}).value;
}
} // namespace

TEST_CASE("estimator: until learnt, a third of the prompt and a thousand of output") {
  const estimator cold;
  CHECK(expected(cold, "m", 3000, 65536) == 1000 + 1024);
  CHECK(expected(cold, "m", 3000, 100) == 1000 + 100);
  CHECK(expected(cold, "m", 0, 5) == 5);
  CHECK(expected(cold, "m", 0, 0) == 0);
  CHECK(expected(cold, "m", 1, 0) == 1);
}

TEST_CASE("estimator: never above the bound, never below one token, whatever is learnt") {
  estimator e;
  for (int i = 0; i < 200; ++i)
    e.learn("large", tokens{300}, tokens{1000}, tokens{1'000'000'000});
  CHECK(expected(e, "large", 300, 1000) == 1300);
  for (int i = 0; i < 2000; ++i)
    e.learn("small", tokens{300'000}, tokens{65'536}, tokens{0});
  CHECK(expected(e, "small", 3, 0) == 1);
  const auto most = std::numeric_limits<std::int64_t>::max();
  e.learn("absurd", tokens{most}, tokens{most}, tokens{most});
  e.learn("absurd", tokens{-1}, tokens{-1}, tokens{-1});
  CHECK(expected(e, "absurd", most, most) > 0);
  CHECK(expected(e, "absurd", -5, -5) == 0);
}

TEST_CASE("estimator: settles near the 90th percentile of the sizes seen") {
  const std::uint64_t seed = 7;
  INFO("seed " << seed);
  std::mt19937_64 random{seed};
  std::lognormal_distribution<double> size{6.5, 0.8};
  estimator e;
  int below = 0;
  const int warm_up = 2000, samples = 20'000;
  for (int i = 0; i < warm_up + samples; ++i) {
    const auto used = static_cast<std::int64_t>(std::min(size(random), 60'000.0));
    if (i >= warm_up && used <= expected(e, "m", 4000, 65'536))
      ++below;
    e.learn("m", tokens{4000}, tokens{65'536}, tokens{used});
  }
  const double share = static_cast<double>(below) / samples;
  CHECK(share > 0.87);
  CHECK(share < 0.93);
}

TEST_CASE("estimator: large and small prompts of a model share what is learnt, models do not") {
  estimator e;
  for (int i = 0; i < 500; ++i)
    e.learn("m", tokens{3000}, tokens{65536}, tokens{4000});
  const auto small = expected(e, "m", 300, 65536), large = expected(e, "m", 30'000, 65536);
  CHECK(small > (100 + 1024) * 3 / 2);
  CHECK(large > (10'000 + 1024) * 3 / 2);
  CHECK(expected(e, "other", 300, 65536) == 100 + 1024);
}

TEST_CASE("estimator: grows at once, shrinks slowly") {
  estimator e;
  const auto before = expected(e, "m", 30'000, 65'536);
  for (int i = 0; i < 10; ++i)
    e.learn("m", tokens{30'000}, tokens{65'536}, tokens{95'000});
  CHECK(expected(e, "m", 30'000, 65'536) > 2 * before);
  const auto grown = expected(e, "m", 30'000, 65'536);
  for (int i = 0; i < 10; ++i)
    e.learn("m", tokens{30'000}, tokens{65'536}, tokens{1});
  CHECK(expected(e, "m", 30'000, 65'536) > grown * 9 / 10);
}

TEST_CASE("estimator: the least recently used model is forgotten") {
  estimator e;
  const auto learn = [&](const std::string& model) {
    for (int i = 0; i < 50; ++i)
      e.learn(model, tokens{300}, tokens{1024}, tokens{1300});
  };
  for (int i = 0; i < 8; ++i)
    learn("model-" + std::to_string(i));
  learn("model-0");
  const auto cold = expected({}, "", 300, 1024);
  CHECK(expected(e, "model-1", 300, 1024) > cold);
  learn("model-8");
  CHECK(expected(e, "model-1", 300, 1024) == cold);
  CHECK(expected(e, "model-0", 300, 1024) > cold);
  CHECK(expected(e, "model-8", 300, 1024) > cold);
}
