// Buckets cover every value once; percentiles are within a bucket of the true ones; what is packed
// and added comes out as it went in.
#include "policies/analytics/spread.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "tests/support/catch.hpp"

using namespace policies::analytics;

TEST_CASE("spread: each bucket ends where the next one begins") {
  for (unsigned bucket = 0; bucket + 1 < buckets; ++bucket) {
    CHECK(bucket_of(least_in(bucket)) == bucket);
    CHECK(bucket_of(least_in(bucket + 1) - 1) == bucket);
    CHECK(least_in(bucket + 1) > least_in(bucket));
  }
  CHECK(bucket_of(UINT64_MAX) == buckets - 1);
  CHECK(least_in(buckets - 1) > 60ull * 60 * 1000);
}

TEST_CASE("spread: percentiles are within a fifth of the true ones") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random{seed};
  std::lognormal_distribution<double> latency{5, 1.2};
  spread some;
  std::vector<std::uint64_t> all;
  for (int i = 0; i < 20'000; ++i) {
    all.push_back(static_cast<std::uint64_t>(std::min(latency(random), 3e6)));
    some.add(measure::total_ms, all.back());
  }
  std::ranges::sort(all);
  const auto near = [&](std::optional<double> found, double share) {
    REQUIRE(found.has_value());
    const auto exact =
        static_cast<double>(all[static_cast<std::size_t>(share * static_cast<double>(all.size()))]);
    CHECK(std::abs(*found - exact) <= 0.2 * exact + 1);
  };
  const percentiles told = some.of(measure::total_ms);
  CHECK(told.count == 20'000);
  near(told.p50, 0.50);
  near(told.p90, 0.90);
  near(told.p99, 0.99);
  CHECK(some.of(measure::first_byte_ms).count == 0);
  CHECK_FALSE(some.of(measure::first_byte_ms).p50);
}

TEST_CASE("spread: what is added in parts is what is added at once, packed or not") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random{seed};
  spread whole;
  std::array<spread, 5> parts;
  for (int i = 0; i < 5000; ++i) {
    spread& part = parts[random() % parts.size()];
    const auto value = random() >> (random() % 64);
    const auto what = static_cast<measure>(random() % measures);
    const auto status = static_cast<std::uint16_t>(100 + random() % 500);
    const auto code = static_cast<std::uint8_t>(random() % 32);
    for (spread* each : {&whole, &part}) {
      each->add(what, value);
      each->add_status(status, 2);
      each->add_ending(code % 10);
      each->add_refusal(code, 3);
    }
  }
  spread sum;
  for (const spread& part : parts)
    sum += spread::unpacked(part.packed());
  CHECK(sum.packed() == whole.packed());
  std::int64_t statuses = 0;
  for (const auto& each : sum.statuses()) {
    CHECK(each.what >= 100);
    CHECK(each.what < 600);
    statuses += each.count;
  }
  CHECK(statuses == 2 * 5000);
  CHECK(sum.endings().size() == 10);
  CHECK(sum.refusals().size() == 32);
}

TEST_CASE("spread: what is not of its form is not read") {
  CHECK(spread::unpacked("").empty());
  CHECK(spread::unpacked("abc").empty());
  CHECK(spread::unpacked(std::string(6, '\xff')).empty());
  spread one;
  one.add_status(200, 7);
  const std::string twice = one.packed() + one.packed(); // not ascending
  CHECK(spread::unpacked(twice).packed() == one.packed());
}
