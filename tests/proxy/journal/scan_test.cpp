// Rows read back: by time, both ways, from lanes dead and alive; and their end by retention.
#include "proxy/journal/recovery.hpp"
#include "proxy/journal/upkeep.hpp"
#include "tests/proxy/journal/support.hpp"

namespace proxy::journal {
namespace {

using namespace test;

std::vector<std::int64_t> times(const keeper& journal, keeper::scan_range range) {
  std::vector<std::int64_t> all;
  journal.scan(range, [&](const entry& e) {
    all.push_back(e.time_ms);
    return true;
  });
  return all;
}

std::vector<std::int64_t> from_to(std::int64_t from, std::int64_t to) {
  std::vector<std::int64_t> all;
  for (std::int64_t i = from; i < to; ++i)
    all.push_back(i);
  return all;
}

// Rows at 0, 1, 2 ... dealt to three lanes, over several segments each.
void deal(keeper& journal, std::int64_t from, std::int64_t to) {
  std::array<lane*, 3> lanes{&new_lane(journal), &new_lane(journal), &new_lane(journal)};
  for (std::int64_t i = from; i < to; ++i) {
    entry e = intent(static_cast<std::uint64_t>(i), i);
    e.kind = entry_kind::tally;
    append_with_room(*lanes[static_cast<std::size_t>(i) % 3], e);
  }
}

} // namespace

TEST_CASE("scan: rows of dead and living lanes come merged by time, either way") {
  const scratch dir;
  recorder store;
  {
    auto journal = open_keeper(settings_in(dir.path, 4 << 10));
    journal->start(store);
    deal(*journal, 0, 1000);
  }
  auto journal = open_keeper(settings_in(dir.path, 4 << 10));
  recover(*journal, store);
  CHECK(times(*journal, {0, 2000}) == from_to(0, 1000));
  journal->start(store);
  deal(*journal, 1000, 2000);
  CHECK(times(*journal, {0, 2000}) == from_to(0, 2000));
  CHECK(times(*journal, {777, 1777}) == from_to(777, 1777));
  CHECK(times(*journal, {5000, 6000}).empty());
  auto expected = from_to(333, 1444);
  std::reverse(expected.begin(), expected.end());
  CHECK(times(*journal, {333, 1444, true}) == expected);
  REQUIRE(journal->flush());
  CHECK(times(*journal, {0, 2000}) == from_to(0, 2000));
}

TEST_CASE("scan: it ends when the visitor has enough") {
  const scratch dir;
  recorder store;
  auto journal = open_keeper(settings_in(dir.path));
  deal(*journal, 0, 100);
  for (const bool newest_first : {false, true}) {
    std::vector<std::int64_t> seen;
    journal->scan({0, 100, newest_first}, [&](const entry& e) {
      seen.push_back(e.time_ms);
      return seen.size() < 5;
    });
    CHECK(seen == (newest_first ? std::vector<std::int64_t>{99, 98, 97, 96, 95}
                                : std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  }
}

TEST_CASE("scan: a lane whose clock went back still shows each row once") {
  const scratch dir;
  recorder store;
  auto journal = open_keeper(settings_in(dir.path));
  lane& one = new_lane(*journal);
  for (const std::int64_t time : {50, 60, 10, 20, 70}) {
    entry e = intent(1, time);
    e.kind = entry_kind::tally;
    one.append(e);
  }
  auto seen = times(*journal, {0, 65});
  std::sort(seen.begin(), seen.end());
  CHECK(seen == std::vector<std::int64_t>{10, 20, 50, 60});
}

TEST_CASE(
    "retention: a segment goes when its newest row is too old and it is applied, not before") {
  const scratch dir;
  recorder store;
  auto settings = settings_in(dir.path, 4 << 10);
  settings.retention = std::chrono::hours{24};
  const std::int64_t day = 24 * 3600 * 1000;
  {
    auto journal = open_keeper(settings);
    journal->start(store);
    deal(*journal, 0, 300);
  }
  const std::size_t all = dir.files().size();
  REQUIRE(all > 9);
  const bool applied = GENERATE(true, false);
  catalogue known;
  recovery taking_over(settings, known, day);
  REQUIRE(taking_over.run(applied ? store.progress() : std::vector<lane_progress>{}).has_value());
  upkeep chores(settings, known);
  chores.expire(day);
  CHECK(dir.files().size() == all);
  chores.expire(day + 150);
  CHECK((dir.files().size() < all) == applied);
  CHECK(dir.files().size() >= all / 2);
  chores.expire(day + 300);
  CHECK(dir.files().size() == (applied ? 0 : all));
  CHECK(known.logs().size() == (applied ? 0 : 3));
}

} // namespace proxy::journal
