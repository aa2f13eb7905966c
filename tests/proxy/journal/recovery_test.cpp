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

TEST_CASE("recovery: more interruptions than a segment holds go on in new ones") {
  const scratch dir;
  recorder store;
  const auto settings = settings_in(dir.path, 4 << 10); // 20 entries a segment
  std::uint64_t id = 0;
  {
    auto journal = open_keeper(settings);
    journal->start(store);
    std::array<lane*, 3> lanes{&new_lane(*journal), &new_lane(*journal), &new_lane(*journal)};
    id = lanes[0]->id();
    for (std::uint64_t i = 0; i < 19; ++i)
      lanes[0]->append(intent(i));
    for (std::uint64_t i = 100; i < 120; ++i)
      append_with_room(*lanes[1], intent(i)); // full to its last slot, a spare behind it
    append_with_room(*lanes[2], intent(200));
  }
  auto journal = open_keeper(settings);
  const recovery_report report = recover(*journal, store);
  CHECK(report.lanes == 3);
  CHECK(report.interrupted == 19 + 20 + 1);
  CHECK(report.bad_entries == 0);
  REQUIRE(store.lanes.at(id).size() == 38);
  for (std::uint64_t i = 0; i < 38; ++i) {
    REQUIRE(store.lanes.at(id)[i].sequence == i + 1);
    REQUIRE(store.lanes.at(id)[i].request == request(i % 19)); // in the order they began
  }
  CHECK(store.count() == 80);
  CHECK(recover(*journal, store).interrupted == 0);
}

TEST_CASE("recovery: an open intent is found however many segments lie behind it") {
  const scratch dir;
  recorder store;
  const auto settings = settings_in(dir.path, 4 << 10);
  const std::int64_t almost_two_hours = 2 * 3600 * 1000 - 10;
  {
    auto journal = open_keeper(settings);
    journal->start(store);
    lane& one = new_lane(*journal);
    one.append(intent(0, 1'000));
    for (std::int64_t i = 1; i <= 200; ++i) {
      append_with_room(one,
                       intent(static_cast<std::uint64_t>(i), 1'000 + almost_two_hours * i / 200));
      one.append(outcome_for(static_cast<std::uint64_t>(i), 1'000 + almost_two_hours * i / 200));
    }
    REQUIRE(journal->flush());
  }
  auto journal = open_keeper(settings);
  const recovery_report report = recover(*journal, store, almost_two_hours + 2'000);
  CHECK(report.interrupted == 1);
  CHECK(report.entries == 1);
  CHECK(store.lanes.begin()->second.back().request == request(0));
}

TEST_CASE("recovery: a lane that ended well is not read again, unless the store forgot it") {
  const scratch dir;
  recorder store;
  std::uint64_t id = 0;
  {
    auto journal = open_keeper(settings_in(dir.path));
    lane& one = new_lane(*journal);
    id = one.id();
    journal->start(store);
    for (std::uint64_t i = 0; i < 50; ++i) {
      one.append(intent(i));
      one.append(outcome_for(i));
    }
  }
  REQUIRE(store.lanes.at(id).size() == 100);
  flip(dir.files().front(), offset_of(10) + 60);
  auto journal = open_keeper(settings_in(dir.path));
  CHECK(recover(*journal, store).bad_entries == 0);
  CHECK(store.count() == 100);
  recorder blank;
  CHECK(recover(*journal, blank).entries == 99);
  CHECK(blank.lanes.at(id).front().sequence == 1);
  CHECK(blank.lanes.at(id).back().sequence == 100);
}

TEST_CASE("recovery: what the sink refuses is offered again by the background thread") {
  const scratch dir;
  recorder store;
  {
    auto journal = open_keeper(settings_in(dir.path));
    new_lane(*journal).append(intent(1));
  }
  store.refusals = 3;
  auto journal = open_keeper(settings_in(dir.path));
  const recovery_report report = recover(*journal, store);
  CHECK(report.entries == 0);
  CHECK(report.interrupted == 1);
  CHECK(journal->now().published - journal->now().applied == 2);
  CHECK_FALSE(journal->flush()); // nobody applies yet
  journal->start(store);
  REQUIRE(eventually([&] { return journal->now().applied == 2; }));
  CHECK(store.count() == 2);
}

TEST_CASE("recovery: it comes before the first lane") {
  const scratch dir;
  recorder store;
  auto journal = open_keeper(settings_in(dir.path));
  new_lane(*journal);
  CHECK_THROWS_AS(static_cast<void>(journal->recover({}, store, 9'000)), std::logic_error);
}

TEST_CASE("recovery: a full disk stops a start that has requests to close, and harms nothing") {
  const scratch dir;
  recorder store;
  {
    auto journal = open_keeper(settings_in(dir.path, 4 << 10));
    lane& one = new_lane(*journal);
    for (std::uint64_t i = 0; i < 20; ++i)
      one.append(intent(i));
  }
  auto settings = settings_in(dir.path, 4 << 10);
  settings.allocate = [](int, std::int64_t) { return ENOSPC; };
  {
    auto journal = open_keeper(settings);
    const auto report = journal->recover({}, store, 9'000);
    REQUIRE_FALSE(report.has_value());
    CHECK(report.error().code == errc::journal_full);
    CHECK(report.error().message.find("No space left") != std::string::npos);
  }
  CHECK(store.count() == 0);
  auto journal = open_keeper(settings_in(dir.path, 4 << 10));
  CHECK(recover(*journal, store).interrupted == 20);
  CHECK(store.count() == 40);
}

} // namespace proxy::journal
