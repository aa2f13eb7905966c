// When a key is fetched again, and what becomes of what was fetched.
#include "proxy/secrets/key_keeper.hpp"

#include <future>
#include <thread>

#include "proxy/session/upstream_key.hpp"
#include "tests/support/catch.hpp"

namespace secrets = proxy::secrets;
using secrets::refresh_schedule;
using std::chrono::seconds;
using time_point = refresh_schedule::time_point;

namespace {

constexpr time_point at(int second) {
  return time_point{seconds{1000 + second}};
}

// Whoever fetches waits until the test has the answer; whoever has published tells it.
struct source {
  std::promise<proxy::outcome<std::string>> answer;
  std::promise<std::string> published;
  std::promise<void> asked;

  secrets::key_keeper::ways ways() {
    return {.fetch =
                [this](const std::stop_token&) {
                  asked.set_value();
                  return answer.get_future().get();
                },
            .publish = [this](std::string key) { published.set_value(std::move(key)); }};
  }
};

} // namespace

TEST_CASE("refresh_schedule: intervals with jitter around the set one") {
  refresh_schedule schedule{seconds{100}, at(0), 0.0};
  CHECK(schedule.due() == at(90));
  schedule.tried(at(95), 0.5);
  CHECK(schedule.due() == at(195));
  schedule.tried(at(200), 0.999999);
  CHECK(schedule.due() > at(309));
  CHECK(schedule.due() < at(310));
}

TEST_CASE("refresh_schedule: 0 is never, but for a refusal") {
  refresh_schedule schedule{seconds{0}, at(0), 0.5};
  CHECK(schedule.due() == refresh_schedule::never);
  schedule.refused(at(3));
  CHECK(schedule.due() == at(3));
  schedule.tried(at(3), 0.5);
  CHECK(schedule.due() == refresh_schedule::never);
}

TEST_CASE("refresh_schedule: for refusals at most once every ten seconds") {
  refresh_schedule schedule{seconds{300}, at(0), 0.5};
  schedule.refused(at(1));
  CHECK(schedule.due() == at(1));
  schedule.tried(at(2), 0.5);
  CHECK(schedule.due() == at(302));
  schedule.refused(at(3));
  schedule.refused(at(5));
  CHECK(schedule.due() == at(12));
  schedule.tried(at(12), 0.5);
  schedule.refused(at(40));
  CHECK(schedule.due() == at(40));
}

TEST_CASE("refresh_schedule: an interval that ends meanwhile leaves the refusal to its time") {
  refresh_schedule schedule{seconds{5}, at(0), 0.5};
  schedule.refused(at(1));
  schedule.tried(at(1), 0.5);
  schedule.refused(at(2)); // not before 11
  CHECK(schedule.due() == at(6));
  schedule.tried(at(6), 0.5);
  CHECK(schedule.refusal_noted());
  CHECK(schedule.due() == at(11));
}

TEST_CASE("key_keeper: a refusal has the key fetched, and a new one is published") {
  source from;
  secrets::key_keeper keeper{seconds{0}, "first", from.ways()};
  keeper.start();
  keeper.refused();
  from.asked.get_future().get();
  keeper.refused(); // no second fetch within ten seconds: `asked` would throw
  from.answer.set_value(std::string("second"));
  CHECK(from.published.get_future().get() == "second");
  CHECK(keeper.failures() == 0);
}

TEST_CASE("key_keeper: a failure is counted and nothing published; nor is the same key") {
  for (const bool fails : {true, false}) {
    source from;
    auto published = from.published.get_future();
    std::uint64_t failures = 0;
    {
      secrets::key_keeper keeper{seconds{0}, "first", from.ways()};
      keeper.start();
      keeper.refused();
      from.asked.get_future().get();
      if (fails)
        from.answer.set_value(proxy::failure{proxy::errc::upstream_timeout, "away"});
      else
        from.answer.set_value(std::string("first"));
      while (fails && keeper.failures() == 0)
        std::this_thread::yield();
      failures = keeper.failures();
    }
    CHECK(failures == (fails ? 1 : 0));
    CHECK(published.wait_for(seconds{0}) == std::future_status::timeout);
  }
}

TEST_CASE("key_keeper: its end has a fetch at work given up") {
  std::promise<void> asked;
  std::atomic<bool> gave_up = false;
  {
    secrets::key_keeper keeper{seconds{0},
                               "first",
                               {.fetch =
                                    [&](const std::stop_token& stop) {
                                      asked.set_value();
                                      while (!stop.stop_requested())
                                        std::this_thread::yield();
                                      gave_up = true;
                                      return proxy::outcome<std::string>{proxy::failure{}};
                                    },
                                .publish = [](const std::string&) { FAIL("published"); }}};
    keeper.start();
    keeper.refused();
    asked.get_future().get();
  }
  CHECK(gave_up);
}

TEST_CASE("upstream_key: a turn that read the old key may use it to its end") {
  proxy::keys::epochs readers;
  auto& turn = readers.join();
  proxy::session::upstream_key key{"first-key-longer-than-a-small-string", readers};
  turn.enter();
  const std::string_view old = key.read();
  key.replace("second");
  readers.collect();
  CHECK(old == "first-key-longer-than-a-small-string"); // the address sanitizer's business, too
  CHECK(key.read() == "second");
  turn.leave();
  readers.collect();
}
