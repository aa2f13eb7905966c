// Amounts and instants as refusals write them.
#include <limits>

#include "policies/admission/wording.hpp"
#include "tests/policies/admission/keys.hpp"
#include "tests/support/catch.hpp"

using namespace policies::admission;
using namespace tests;

TEST_CASE("wording: dollars are exact, with at least four decimals") {
  CHECK(dollars(nano_usd{0}) == "$0.0000");
  CHECK(dollars(nano_usd{1}) == "$0.000000001");
  CHECK(dollars(nano_usd{50'000'000}) == "$0.0500");
  CHECK(dollars(nano_usd{123'456'700}) == "$0.1234567");
  CHECK(dollars(nano_usd{10'000'000'000}) == "$10.0000");
  CHECK(dollars(nano_usd{1'000'000'000'000'000}) == "$1,000,000.0000");
  CHECK(dollars(nano_usd{-1'500'000'000}) == "-$1.5000");
  CHECK(dollars(nano_usd{std::numeric_limits<std::int64_t>::min()}) == "-$9,223,372,036.854775808");
}

TEST_CASE("wording: counts are grouped by thousands") {
  CHECK(counted(0) == "0");
  CHECK(counted(999) == "999");
  CHECK(counted(1'000) == "1,000");
  CHECK(counted(1'048'576) == "1,048,576");
  CHECK(counted(-40'000) == "-40,000");
}

TEST_CASE("wording: a wait is never told too short") {
  CHECK(seconds(0ms) == "0.00 s");
  CHECK(seconds(1ms) == "0.01 s");
  CHECK(seconds(1250ms) == "1.25 s");
  CHECK(seconds(1251ms) == "1.26 s");
  CHECK(seconds(3'600'000ms) == "3,600.00 s");
  CHECK(seconds(-5ms) == "0.00 s");
}

TEST_CASE("wording: instants in ISO 8601, UTC") {
  CHECK(iso_time(instant{0ms}) == "1970-01-01T00:00:00Z");
  CHECK(iso_time(instant{-1ms}) == "1969-12-31T23:59:59Z");
  CHECK(iso_time(noon) == "2026-11-18T12:00:00Z");
  CHECK(iso_time(noon + 12h - 1ms) == "2026-11-18T23:59:59Z");
  CHECK(iso_time(std::chrono::sys_days{std::chrono::year{2028} / 2 / 29} + 1h + 2min + 3s) ==
        "2028-02-29T01:02:03Z");
}

TEST_CASE("wording: limits are the key's own, its group's or its parent key's") {
  const key_record key = plain_key();
  CHECK(owner_of(key, 0) == "this key");
  CHECK(owner_of(key, 1) == "parent key \"app\"");
  CHECK(owner_of(group("team-a"), 2) == "group \"team-a\"");
  CHECK(owner_of(group(""), 1) == "group \"" + policies::keys::to_string(group("").id) + "\"");
}
