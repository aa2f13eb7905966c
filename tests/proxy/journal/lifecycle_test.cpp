// Files over a keeper's life: how they are made, what a good end leaves of them, who may read them,
// and when retention takes them.
#include <sys/stat.h>
#include <unistd.h>

#include "tests/proxy/journal/support.hpp"

namespace proxy::journal {
namespace {

using namespace test;

struct stat facts_of(const std::filesystem::path& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts;
}

// Not root for a while, where this is root: root may read everything.
struct as_nobody {
  bool changed = ::geteuid() == 0 && ::seteuid(65534) == 0;
  as_nobody() = default;
  as_nobody(const as_nobody&) = delete;
  as_nobody& operator=(const as_nobody&) = delete;
  ~as_nobody() {
    if (changed)
      static_cast<void>(::seteuid(0));
  }
};

} // namespace

TEST_CASE("lifecycle: a segment is private, at its full size, and no part of it is sparse") {
  const scratch dir;
  auto journal = open_keeper(settings_in(dir.path / "state" / "journal", 1 << 20));
  lane& one = new_lane(*journal);
  CHECK((facts_of(dir.path / "state" / "journal").st_mode & 0777u) == 0700u);
  const auto file = dir.path / "state" / "journal" / segment_name(one.id(), 0);
  const struct stat facts = facts_of(file);
  CHECK((facts.st_mode & 0777u) == 0600u);
  CHECK(facts.st_size == 1 << 20);
  CHECK(facts.st_blocks * 512 >= 1 << 20);
}

TEST_CASE("lifecycle: lanes have ids of their own, positive as signed numbers") {
  const scratch dir;
  auto journal = open_keeper(settings_in(dir.path));
  std::set<std::uint64_t> ids;
  for (int i = 0; i < 20; ++i)
    ids.insert(new_lane(*journal).id());
  CHECK(ids.size() == 20);
  CHECK(*ids.begin() > 0);
  CHECK(*ids.rbegin() < std::uint64_t{1} << 63);
}

TEST_CASE("lifecycle: a good end gives back what lanes did not use") {
  const scratch dir;
  recorder store;
  {
    auto journal = open_keeper(settings_in(dir.path, 1 << 20));
    journal->start(store);
    lane& used = new_lane(*journal);
    new_lane(*journal); // never used
    used.append(intent(1));
    used.append(outcome_for(1));
  }
  REQUIRE(dir.files("").size() == 1);
  CHECK(std::filesystem::file_size(dir.files().front()) == offset_of(2));
  auto journal = open_keeper(settings_in(dir.path, 1 << 20));
  const recovery_report report = recover(*journal, store);
  CHECK(report.lanes == 1);
  CHECK(report.entries == 0);
  CHECK(report.truncated_segments == 0);
}

TEST_CASE("lifecycle: so does the start after a bad one") {
  const scratch dir;
  recorder store;
  {
    auto journal = open_keeper(settings_in(dir.path, 4 << 10));
    journal->start(store);
    lane& one = new_lane(*journal);
    for (std::uint64_t i = 0; i < 15; ++i)
      append_with_room(one, intent(i));
    REQUIRE(eventually([&] { return dir.files().size() == 2; })); // the spare
  }
  auto journal = open_keeper(settings_in(dir.path, 4 << 10));
  CHECK(recover(*journal, store).interrupted == 15);
  REQUIRE(dir.files().size() == 2); // 20 entries, then 10
  CHECK(std::filesystem::file_size(dir.files().back()) == offset_of(10));
}

TEST_CASE("lifecycle: an entry without room is a bug that says so") {
  const scratch dir;
  auto journal = open_keeper(settings_in(dir.path, 2 << 10));
  lane& one = new_lane(*journal);
  while (one.room_for_intent())
    one.append(intent(one.published()));
  CHECK(one.published() == 4); // nine slots: four intents, four outcomes, one too few
  for (std::uint64_t i = one.published(); i < 9; ++i)
    one.append(outcome_for(i));
  CHECK_THROWS_AS(one.append(intent(99)), std::logic_error);
}

TEST_CASE("lifecycle: a directory or segment of somebody else's stops the start, in words") {
  const scratch dir;
  recorder store;
  {
    auto journal = open_keeper(settings_in(dir.path));
    new_lane(*journal).append(intent(1));
  }
  const auto segment = dir.files().front();
  std::filesystem::permissions(segment, std::filesystem::perms::none);
  std::filesystem::permissions(dir.path, std::filesystem::perms::all);
  {
    const as_nobody other;
    auto journal = open_keeper(settings_in(dir.path));
    const auto report = journal->recover({}, store, 9'000);
    REQUIRE_FALSE(report.has_value());
    CHECK(report.error().code == errc::data_directory_unusable);
    CHECK(report.error().message.find(segment.string()) != std::string::npos);
    CHECK(report.error().message.find("0600") != std::string::npos);
  }
  std::filesystem::permissions(dir.path, std::filesystem::perms::none);
  {
    const as_nobody other;
    const auto opened = keeper::open(settings_in(dir.path));
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code == errc::data_directory_unusable);
    CHECK(opened.error().message.find("mode 0000") != std::string::npos);
  }
  std::filesystem::permissions(dir.path, std::filesystem::perms::owner_all);
  CHECK(store.count() == 0);
}

TEST_CASE("lifecycle: retention goes by the clock that recovery was told") {
  const scratch dir;
  recorder store;
  auto settings = settings_in(dir.path, 4 << 10);
  settings.retention = std::chrono::hours{24};
  const std::int64_t day = 24 * 3600 * 1000;
  {
    auto journal = open_keeper(settings);
    recover(*journal, store, 9'000); // 1970: today's clock would delete everything
    journal->start(store);
    lane& one = new_lane(*journal);
    for (std::uint64_t i = 0; i < 60; ++i) {
      append_with_room(one, intent(i));
      one.append(outcome_for(i));
      if (i % 10 == 0)
        REQUIRE(journal->flush());
    }
    std::size_t rows = 0;
    journal->scan({0, day}, [&](const entry&) { return ++rows > 0; });
    CHECK(rows == 120);
  }
  auto journal = open_keeper(settings);
  recover(*journal, store, day + 60'000);
  CHECK(dir.files().size() == 6);
  journal->start(store);
  CHECK(eventually([&] { return dir.files().empty(); }));
  CHECK(eventually([&] { return journal->now().segments == 0; }));
}

} // namespace proxy::journal
