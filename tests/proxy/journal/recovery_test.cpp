// A start after a crash: nothing is lost, nothing counts twice, nothing stays open. A crash here is
// a keeper that ends while intents are open; crash_test.cpp has real ones.
#include "tests/proxy/journal/support.hpp"

namespace proxy::journal {
namespace {

using namespace test;

} // namespace

TEST_CASE("recovery: an intent without outcome is charged at its bound, marked interrupted") {
  const scratch dir;
  recorder store;
  std::uint64_t id = 0;
  {
    auto journal = open_keeper(settings_in(dir.path));
    lane& one = new_lane(*journal);
    id = one.id();
    one.append(intent(1, 1'000));
    one.append(intent(2, 1'100));
    one.append(outcome_for(1, 1'200));
  }
  auto journal = open_keeper(settings_in(dir.path));
  const recovery_report report = recover(*journal, store, 9'000);
  CHECK(report.lanes == 1);
  CHECK(report.entries == 4);
  CHECK(report.interrupted == 1);
  CHECK(report.bad_entries == 0);
  CHECK(report.truncated_segments == 0);
  const entry& closed = store.lanes.at(id).back();
  CHECK(closed.sequence == 4);
  CHECK(closed.kind == entry_kind::outcome);
  CHECK(closed.end == ending::interrupted);
  CHECK(closed.request == request(2));
  CHECK(closed.key == 7);
  CHECK(closed.feature == 3);
  CHECK(closed.cost_nano == 5'002);
  CHECK(closed.hold_nano == 5'002);
  CHECK(closed.charged_tokens == 900);
  CHECK(closed.status == 0);
  CHECK(closed.started_ms == 1'099);
  CHECK(closed.time_ms == 9'000);
  CHECK(model_of(closed) == "deepseek-chat");
}

TEST_CASE("recovery: a second start finds nothing to do") {
  const scratch dir;
  recorder store;
  {
    auto journal = open_keeper(settings_in(dir.path));
    new_lane(*journal).append(intent(1));
  }
  for (int start = 0; start < 3; ++start) {
    auto journal = open_keeper(settings_in(dir.path));
    const recovery_report report = recover(*journal, store);
    CHECK(report.interrupted == (start == 0 ? 1u : 0u));
    CHECK(report.entries == (start == 0 ? 2u : 0u));
    CHECK(report.lanes == 1);
  }
  CHECK(store.count() == 2);
}

TEST_CASE("recovery: an intent that was applied before the crash still gets its outcome") {
  const scratch dir;
  recorder store;
  {
    auto journal = open_keeper(settings_in(dir.path));
    lane& one = new_lane(*journal);
    journal->start(store);
    one.append(intent(1));
    REQUIRE(journal->flush());
  }
  CHECK(store.count() == 1);
  auto journal = open_keeper(settings_in(dir.path));
  const recovery_report report = recover(*journal, store);
  CHECK(report.interrupted == 1);
  CHECK(report.entries == 1);
  CHECK(store.count() == 2);
}

} // namespace proxy::journal
