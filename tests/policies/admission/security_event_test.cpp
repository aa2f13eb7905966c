// What a row of refusals means.
#include "policies/admission/security_event.hpp"
#include "tests/support/catch.hpp"

using namespace policies::admission;

namespace {
constexpr std::int64_t minute = 60'000;
}

TEST_CASE("events: the same refusal within five minutes is one event with a count") {
  const std::vector<sighting> seen{{0, refusal_code::rate_limit_exceeded, 3},
                                   {5 * minute, refusal_code::rate_limit_exceeded, 4},
                                   {10 * minute + 1, refusal_code::rate_limit_exceeded, 5}};
  const auto events = events_of(seen);
  REQUIRE(events.size() == 2);
  CHECK(events[0].count == 5); // newest first
  CHECK(events[1].count == 7);
  CHECK(events[1].first_ms == 0);
  CHECK(events[1].last_ms == 5 * minute);
  for (const security_event& each : events)
    CHECK(name_of(each.type) == "rate_limit_exceeded");
}

TEST_CASE("events: order of sightings does not matter, codes stay apart") {
  const std::vector<sighting> seen{{9 * minute, refusal_code::ip_not_allowed, 1},
                                   {1 * minute, refusal_code::expired_api_key, 1},
                                   {8 * minute, refusal_code::ip_not_allowed, 1},
                                   {2 * minute, refusal_code::model_not_allowed, 1}};
  const auto events = events_of(seen);
  REQUIRE(events.size() == 3);
  CHECK(events[0].code == refusal_code::ip_not_allowed);
  CHECK(events[0].type == event_type::unauthorized_access);
  CHECK(events[0].count == 2);
  CHECK(events[0].first_ms == 8 * minute);
  CHECK(events[1].type == event_type::permission_denied);
  CHECK(events[2].type == event_type::unauthorized_access);
}

TEST_CASE("events: a burst of refused attempts is suspicious, a flood of requests is not") {
  const auto types = [](refusal_code code, std::int64_t count) {
    std::vector<event_type> out;
    for (const security_event& each : events_of(std::vector<sighting>{{0, code, count}}))
      out.push_back(each.type);
    return out;
  };
  using t = event_type;
  CHECK(types(refusal_code::ip_not_allowed, suspicious_count - 1) ==
        std::vector{t::unauthorized_access});
  CHECK(types(refusal_code::ip_not_allowed, suspicious_count) ==
        std::vector{t::unauthorized_access, t::suspicious_pattern});
  CHECK(types(refusal_code::permission_denied, 500) ==
        std::vector{t::permission_denied, t::suspicious_pattern});
  CHECK(types(refusal_code::rate_limit_exceeded, 5000) == std::vector{t::rate_limit_exceeded});
  CHECK(types(refusal_code::insufficient_quota, 5000) == std::vector{t::quota_exhausted});
}

TEST_CASE("events: what is nobody's doing is none") {
  for (const refusal_code code :
       {refusal_code::upstream_failed, refusal_code::enforcement_unavailable,
        refusal_code::overloaded, refusal_code::upstream_timeout})
    CHECK(events_of(std::vector<sighting>{{0, code, 9}}).empty());
  CHECK(events_of(std::vector<sighting>{{0, refusal_code::invalid_request, 1}})[0].type ==
        event_type::malformed_request);
  CHECK(events_of({}).empty());
}

TEST_CASE("events: a repeat that waits for the first one's answer is nobody's fault") {
  const std::vector<sighting> seen{{0, refusal_code::request_in_progress, 3}};
  CHECK(events_of(seen).empty());
}
