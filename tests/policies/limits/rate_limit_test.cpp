// Requests a minute and concurrency: buckets as tables of time, volume and expectation.
#include "tests/policies/limits/keys.hpp"
#include "tests/support/catch.hpp"

using namespace tests;

namespace {

struct step {
  milliseconds after;        // since the first instant of the table
  int volume;                // requests asked for at that instant, one by one
  int admitted;              // how many of them pass
  std::int64_t retry_ms = 0; // what the last refused one is told
};

void follow(key subject, const std::vector<step>& steps) {
  const chain links{&subject};
  for (const step& s : steps) {
    int admitted = 0;
    std::int64_t retry_ms = 0;
    for (int i = 0; i < s.volume; ++i) {
      const auto result = links.reserve(one_request, noon + s.after);
      if (const auto* refusal = std::get_if<limits::limit_refusal>(&result))
        retry_ms = refusal->retry_after.count();
      else
        ++admitted;
    }
    INFO("after " << s.after.count() << " ms");
    CHECK(admitted == s.admitted);
    CHECK(retry_ms == s.retry_ms);
  }
}

} // namespace

TEST_CASE("rate_limit: a burst above capacity is refused until the exact refill instant") {
  follow({.limits = {.requests_per_minute = 60}}, {
                                                      {0ms, 61, 60, 1000},
                                                      {999ms, 1, 0, 1},
                                                      {1000ms, 2, 1, 1000},
                                                      {1999ms, 1, 0, 1},
                                                      {2000ms, 1, 1},
                                                      {32000ms, 31, 30, 1000},
                                                      {600s, 61, 60, 1000},
                                                  });
}

TEST_CASE("rate_limit: a limit that does not divide a minute refills at whole milliseconds") {
  follow({.limits = {.requests_per_minute = 7}}, {
                                                     {0ms, 8, 7, 8572}, // 60000 / 7 = 8571.4
                                                     {8571ms, 1, 0, 1},
                                                     {8572ms, 2, 1, 8571}, // the rest is kept
                                                     {17142ms, 1, 0, 1},
                                                     {17143ms, 1, 1},
                                                     {60000ms, 6, 5, 8572},
                                                 });
}

TEST_CASE("rate_limit: an own burst is the capacity, the rate stays") {
  follow({.limits = {.requests_per_minute = 59, .burst_requests = 1}}, {
                                                                           {0ms, 2, 1, 1017},
                                                                           {1016ms, 1, 0, 1},
                                                                           {1017ms, 2, 1, 1017},
                                                                           {60s, 5, 1, 1017},
                                                                       });
  follow({.limits = {.requests_per_minute = 1, .burst_requests = 3}}, {
                                                                          {0ms, 4, 3, 60000},
                                                                          {60s, 2, 1, 60000},
                                                                          {240s, 4, 3, 60000},
                                                                      });
}

TEST_CASE("rate_limit: absent means unlimited, zero means nothing") {
  follow({.limits = {}}, {{0ms, 500, 500}});
  follow({.limits = {.burst_requests = 1}}, {{0ms, 500, 500}});
  follow({.limits = {.requests_per_minute = 0}}, {{0ms, 5, 0}, {2h, 5, 0}});
  follow({.limits = {.requests_per_minute = 0, .burst_requests = 9}}, {{0ms, 5, 0}});
  key nothing{.limits = {.requests_per_minute = 0}};
  const auto refusal = chain{&nothing}.refusal(one_request, noon);
  CHECK(refusal.never_fits);
  CHECK(refusal.retry_after == 0ms);
  CHECK(nothing.state == limits::limit_state{});
}

TEST_CASE("rate_limit: a clock that goes back drains nothing and is waited for") {
  follow({.limits = {.requests_per_minute = 60}}, {
                                                      {0ms, 60, 60},
                                                      {-1h, 1, 0, 3'601'000},
                                                      {999ms, 1, 0, 1},
                                                      {1000ms, 1, 1},
                                                      {0ms, 1, 0, 2000},
                                                  });
}

TEST_CASE("rate_limit: a year of sleep and a jump of the clock drain an hour at the most") {
  key deep{.limits = {.requests_per_minute = 1, .burst_requests = 100}};
  const chain links{&deep};
  for (int i = 0; i < 100; ++i)
    REQUIRE(links.admits(one_request, noon));
  for (int i = 0; i < 60; ++i)
    CHECK(links.admits(one_request, noon + 24h * 365));
  CHECK(links.refusal(one_request, noon + 24h * 365).retry_after == 60s);
}

TEST_CASE("rate_limit: a meter deeper than an hour says an hour, and each one counts") {
  key lowered{.limits = {.requests_per_minute = 150}};
  const chain links{&lowered};
  for (int i = 0; i < 150; ++i)
    REQUIRE(links.admits(one_request, noon));
  lowered.limits.requests_per_minute = 1; // all 150 minutes' worth must drain
  CHECK(links.refusal(one_request, noon).retry_after == 1h);
  CHECK(links.refusal(one_request, noon + 1h).retry_after == 1h);
  CHECK(links.refusal(one_request, noon + 1h + 31min).retry_after == 59min);
  CHECK(links.refusal(one_request, noon + 2h).retry_after == 30min);
  CHECK_FALSE(links.admits(one_request, noon + 149min + 59s + 999ms));
  CHECK(links.admits(one_request, noon + 150min));
}

TEST_CASE("rate_limit: lowered below what is used nothing passes, raised again it drains faster") {
  key k{.limits = {.requests_per_minute = 600}};
  const chain links{&k};
  for (int i = 0; i < 300; ++i)
    REQUIRE(links.admits(one_request, noon));
  k.limits.requests_per_minute = 100;
  CHECK(links.refusal(one_request, noon).retry_after == 200s - 80s + 600ms);
  k.limits.requests_per_minute = 600;
  CHECK(links.admits(one_request, noon));
  k.limits.requests_per_minute.reset();
  CHECK(links.admits(one_request, noon + 1s));
  k.limits.requests_per_minute = 2;
  CHECK(links.admits(one_request, noon + 2s)); // an unlimited meter keeps no level
}

TEST_CASE("rate_limit: saturated, it gives at least 99.5 % of burst + rate x time") {
  for (const std::int64_t rate : {7, 60, 61, 1000, 12'345}) {
    key k{.limits = {.requests_per_minute = rate}};
    const chain links{&k};
    std::int64_t admitted = 0;
    instant now = noon;
    while (now <= noon + 10min) {
      const auto result = links.reserve(one_request, now);
      if (const auto* refusal = std::get_if<limits::limit_refusal>(&result))
        now += refusal->retry_after;
      else
        ++admitted;
    }
    INFO(rate << " a minute");
    CHECK(admitted <= rate * 11);
    CHECK(admitted * 1000 >= rate * 11 * 995);
  }
}

TEST_CASE("rate_limit: a provisional request is held, then counts from extend on, or never") {
  key k{.limits = {.requests_per_minute = 2}};
  const chain links{&k};
  const limits::ask body_to_come{.provisional = true};
  auto first = links.hold(body_to_come, noon);
  const auto second = links.hold(body_to_come, noon);
  CHECK(first.requests_held == 1);
  CHECK(k.state.requests == limits::meter{.level = 0, .held = 2});
  const auto refusal = links.refusal(one_request, noon + 10min); // held does not drain
  CHECK(refusal.held_only);
  CHECK(refusal.retry_after == 0ms);
  CHECK_FALSE(links.extend(first, {}, noon + 10min));
  CHECK(first.requests_held == 0);
  CHECK(k.state.requests == limits::meter{.level = 60'000, .held = 1});
  links.cancel(second, noon + 10min);
  CHECK(k.state.requests == limits::meter{.level = 60'000, .held = 0});
  links.settle(first, 0, 0, noon + 10min);
  links.settle(links.hold(body_to_come, noon + 10min), 0, 0, noon + 10min);
  CHECK(k.state.requests == limits::meter{.level = 120'000, .held = 0});
}

TEST_CASE("rate_limit: a cancelled request stays counted once it has begun to drain") {
  key k{.limits = {.requests_per_minute = 1}};
  const chain links{&k};
  const auto first = links.hold(one_request, noon);
  const auto second = links.hold(one_request, noon + 1min);
  links.cancel(first, noon + 1min);
  CHECK_FALSE(links.admits(one_request, noon + 1min)); // or two would pass in one instant
  links.cancel(second, noon + 1min);
  CHECK(k.state.slots == 0);
}

TEST_CASE("concurrency: slots are taken, given back, and never guessed at") {
  key k{.limits = {.concurrent_requests = 2}};
  const chain links{&k};
  const auto first = links.hold(one_request, noon);
  const auto second = links.hold(one_request, noon);
  const auto refusal = links.refusal(one_request, noon + 10h);
  CHECK(refusal.kind == limits::limit_kind::concurrent_requests);
  CHECK(refusal.limit == 2);
  CHECK(refusal.used == 2);
  CHECK(refusal.wanted == 1);
  CHECK(refusal.held_only);
  CHECK_FALSE(refusal.never_fits);
  CHECK(refusal.retry_after == 0ms);
  links.settle(first, 0, 0, noon);
  CHECK(links.admits(one_request, noon));
  k.limits.concurrent_requests = 1;
  links.settle(second, 0, 0, noon);
  CHECK_FALSE(links.admits(one_request, noon));
  k.limits.concurrent_requests = 0;
  CHECK(links.refusal(one_request, noon).never_fits);
}
