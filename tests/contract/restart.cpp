// An orderly end and a new start: limits go on where they were, and no start grants anything.
#include "tests/contract/client.hpp"

namespace contract {
namespace {

using std::chrono::seconds;

void restart(ground& on, std::unique_ptr<world>& in, instant now) {
  in.reset();
  in = on.open(now);
}

void levels(ground& on) {
  auto in = on.open(noon);
  const key_id id = make_key(*in, key(1, {.requests_per_minute = 60, .tokens_per_minute = 6000}));
  {
    client c{*in};
    for (int i = 0; i < 60; ++i)
      REQUIRE(c.use(id, asking(100), used(100), noon));
  }
  restart(on, in, noon + seconds{10});
  client c{*in};
  for (int i = 0; i < 10; ++i)
    REQUIRE(c.use(id, asking(100), used(100), noon + seconds{10}));
  CHECK_FALSE(c.use(id, asking(0), used(0), noon + seconds{10}));
  CHECK(c.refusal().kind == limits::limit_kind::requests_per_minute);
  CHECK_FALSE(c.use(id, asking(0), used(0), noon + seconds{11} - milliseconds{1}));
  CHECK(c.use(id, asking(100), used(100), noon + seconds{11}));
}

void debt(ground& on) {
  auto in = on.open(noon);
  const key_id id = make_key(*in, key(1, {.tokens_per_minute = 60}));
  REQUIRE(client{*in}.use(id, asking(60), used(300), noon));
  restart(on, in, noon + seconds{1});
  client c{*in};
  CHECK_FALSE(c.use(id, asking(60), used(1), noon + seconds{300} - milliseconds{1}));
  CHECK(c.use(id, asking(60), used(1), noon + seconds{300}));
}

void loop(ground& on) {
  auto in = on.open(noon);
  const key_id id = make_key(*in, key(1, {.requests_per_minute = 20, .monthly = nano_usd{15}}));
  int admitted = 0;
  for (int start = 0; start < 10; ++start) {
    {
      client c{*in};
      for (int i = 0; i < 3; ++i)
        admitted += c.use(id, asking(1, 1), used(1, 1), noon);
    }
    restart(on, in, noon);
  }
  CHECK(admitted == 15);
  change_limits(*in, id, {.requests_per_minute = 20});
  client c{*in};
  for (int i = 0; i < 10; ++i)
    admitted += c.use(id, asking(1, 1), used(1, 1), noon);
  CHECK(admitted == 20);
}

void spend(ground& on) {
  auto in = on.open(noon);
  make_key(*in, key(1, {.total = nano_usd{1000}}));
  const key_id leaf = make_key(*in, key(2, {.monthly = nano_usd{500}, .daily = nano_usd{100}}, 1));
  REQUIRE(client{*in}.use(leaf, asking(1, 100), used(1, 90), noon));
  for (int i = 0; i < 3; ++i) { // doing nothing changes nothing
    restart(on, in, noon);
    const auto state = idle_state(*in, leaf, noon);
    CHECK(state.day.spent == nano_usd{90});
    CHECK(state.month.spent == nano_usd{90});
    CHECK(idle_state(*in, key_id{1}, noon).total.spent == nano_usd{90});
    CHECK(usage_of(*in, leaf).cost_nano == 90);
    CHECK(in->recovered().interrupted == 0);
  }
  const instant tomorrow = noon + std::chrono::hours{24};
  restart(on, in, tomorrow);
  const auto state = idle_state(*in, leaf, tomorrow);
  CHECK(state.day.spent == nano_usd{0});
  CHECK(state.month.spent == nano_usd{90});
  client c{*in};
  CHECK_FALSE(c.use(leaf, asking(1, 101), used(1, 101), tomorrow));
  CHECK(c.use(leaf, asking(1, 100), used(1, 100), tomorrow));
}

void around_midnight(ground& on) {
  const instant midnight = noon + std::chrono::hours{12};
  auto in = on.open(noon);
  const key_id id = make_key(*in, key(1, {.daily = nano_usd{100}}));
  {
    client c{*in};
    const auto r = c.reserve(id, asking(1, 50), midnight - milliseconds{5});
    REQUIRE(r);
    c.dispatch(*r, midnight - milliseconds{5});
    c.settle(*r, used(1, 50), midnight + milliseconds{5}); // yesterday's, settled today
    REQUIRE(c.use(id, asking(1, 20), used(1, 20), midnight + milliseconds{6}));
  }
  restart(on, in, midnight + seconds{1});
  const auto state = idle_state(*in, id, midnight + seconds{1});
  CHECK(state.day.spent == nano_usd{20});
  CHECK(state.total.spent == nano_usd{70});
}

void left_open(ground& on) {
  auto in = on.open(noon);
  const key_id id = make_key(*in, key(1, {.monthly = nano_usd{100}, .concurrent_requests = 1}));
  {
    client c{*in};
    const auto r = c.reserve(id, asking(7, 60), noon);
    REQUIRE(r);
    c.dispatch(*r, noon);
  }
  restart(on, in, noon + seconds{1});
  CHECK(in->recovered().interrupted == 1);
  CHECK(idle_state(*in, id, noon + seconds{1}).month.spent == nano_usd{60});
  const auto sums = usage_of(*in, id);
  CHECK(sums.interrupted == 1);
  CHECK(sums.dispatched == 1);
  CHECK(sums.cost_nano == 60);
  client c{*in};
  CHECK(c.use(id, asking(1, 40), used(1, 40), noon + seconds{1}));
}

void never_dispatched(ground& on) {
  auto in = on.open(noon);
  const key_id id = make_key(*in, key(1, {.monthly = nano_usd{100}, .concurrent_requests = 1}));
  REQUIRE(client{*in}.reserve(id, asking(7, 60), noon)); // held, and the process ends
  restart(on, in, noon + seconds{1});
  CHECK(idle_state(*in, id, noon + seconds{1}).month.spent == nano_usd{0});
  CHECK(client{*in}.use(id, asking(1, 100), used(1, 100), noon + seconds{1}));
}

void clock_back(ground& on) {
  auto in = on.open(noon);
  const key_id id = make_key(*in, key(1, {.requests_per_minute = 5, .daily = nano_usd{5}}));
  {
    client c{*in};
    for (int i = 0; i < 5; ++i)
      REQUIRE(c.use(id, asking(1, 1), used(1, 1), noon));
  }
  const instant yesterday = noon - std::chrono::hours{24};
  restart(on, in, yesterday);
  CHECK_FALSE(client{*in}.use(id, asking(1, 1), used(1, 1), yesterday));
}

} // namespace

behaviours restart_behaviours() {
  return {{"levels of meters go on draining over a restart", levels},
          {"debt is still owed after a restart", debt},
          {"a loop of starts grants no more than one life", loop},
          {"spend is kept, and its windows end while nobody runs", spend},
          {"a settlement after midnight stays in its day over a restart", around_midnight},
          {"what was in flight at the end is charged at its bound, once", left_open},
          {"a hold that was never dispatched is gone after a restart", never_dispatched},
          {"a clock that was set back at the restart grants nothing", clock_back}};
}

} // namespace contract
