// What disks, power cuts and people do to segment files: nothing stops the start, nothing readable
// is lost, nothing is deleted that is not ours.
#include "proxy/journal/crc32c.hpp"
#include "tests/proxy/journal/support.hpp"

namespace proxy::journal {
namespace {

using namespace test;

// A life that wrote requests 1..n, each with its outcome, and left request 0 open: so the next life
// reads the lane to its end.
std::uint64_t live_once(const scratch& dir, std::uint64_t requests) {
  recorder store;
  auto journal = open_keeper(settings_in(dir.path));
  lane& one = new_lane(*journal);
  one.append(intent(0));
  for (std::uint64_t i = 1; i <= requests; ++i) {
    one.append(intent(i));
    one.append(outcome_for(i));
  }
  return one.id();
}

void put(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

TEST_CASE("damage: a bad entry amid good ones is skipped and counted, and the sequence goes on") {
  const scratch dir;
  const std::uint64_t id = live_once(dir, 3);
  flip(dir.files().front(), offset_of(3) + 100); // request 2's intent, sequence 4
  recorder store;
  auto journal = open_keeper(settings_in(dir.path));
  const recovery_report report = recover(*journal, store);
  CHECK(report.bad_entries == 1);
  CHECK(report.interrupted == 1);
  std::vector<std::uint64_t> sequences;
  for (const entry& e : store.lanes.at(id))
    sequences.push_back(e.sequence);
  CHECK(sequences == std::vector<std::uint64_t>{1, 2, 3, 5, 6, 7, 8});
}

TEST_CASE("damage: a request whose outcome is unreadable is charged at its bound") {
  const scratch dir;
  const std::uint64_t id = live_once(dir, 3);
  flip(dir.files().front(), offset_of(4)); // request 2's outcome
  recorder store;
  auto journal = open_keeper(settings_in(dir.path));
  CHECK(recover(*journal, store).interrupted == 2);
  CHECK(store.lanes.at(id).back().request == request(2));
}

TEST_CASE("damage: an entry in a slot that is not its own is bad") {
  const scratch dir;
  const std::uint64_t id = live_once(dir, 3);
  const auto file = dir.files().front();
  std::string bytes = read(file);
  bytes.replace(offset_of(3), sizeof(entry), bytes, offset_of(1), sizeof(entry));
  put(file, bytes);
  recorder store;
  auto journal = open_keeper(settings_in(dir.path));
  CHECK(recover(*journal, store).bad_entries == 1);
  CHECK(store.lanes.at(id).size() == 7);
}

TEST_CASE("damage: an entry that was cut short by a kill was never there") {
  const scratch dir;
  const std::uint64_t id = live_once(dir, 1);
  const auto file = dir.files().front();
  std::string bytes = read(file);
  bytes.replace(offset_of(3) + 8, 100, std::string(100, 'x')); // its first eight bytes come last
  put(file, bytes);
  recorder store;
  auto journal = open_keeper(settings_in(dir.path));
  const recovery_report report = recover(*journal, store);
  CHECK(report.bad_entries == 0);
  CHECK(store.lanes.at(id).back().sequence == 4);
  CHECK(store.lanes.at(id).back().end == ending::interrupted);
}

TEST_CASE("damage: after a bad last entry the lane goes on behind it") {
  const scratch dir;
  const std::uint64_t id = live_once(dir, 1);
  flip(dir.files().front(), offset_of(2) + 50);
  recorder store;
  for (int start = 0; start < 2; ++start) {
    auto journal = open_keeper(settings_in(dir.path));
    CHECK(recover(*journal, store).bad_entries == (start == 0 ? 1u : 0u));
  }
  REQUIRE(store.lanes.at(id).size() == 4); // two intents, two interruptions
  CHECK(store.lanes.at(id).back().sequence == 5);
}

TEST_CASE("damage: entries behind a hole that a power cut left are found") {
  const scratch dir;
  const std::uint64_t id = live_once(dir, 10);
  const auto file = dir.files().front();
  std::string bytes = read(file);
  bytes.replace(offset_of(4), 8 * sizeof(entry), std::string(8 * sizeof(entry), '\0'));
  put(file, bytes);
  recorder store;
  auto journal = open_keeper(settings_in(dir.path));
  CHECK(recover(*journal, store).bad_entries == 8);
  CHECK(store.lanes.at(id).size() == 21 - 8 + 2); // request 2's outcome lay in the hole
}

TEST_CASE("damage: what the store applied beyond the journal's end is not numbered again") {
  const scratch dir;
  const std::uint64_t id = live_once(dir, 1); // sequences 1 to 3
  recorder store;
  auto journal = open_keeper(settings_in(dir.path));
  const std::vector<lane_progress> progress{{id, 100}};
  REQUIRE(journal->recover(progress, store, 9'000).has_value());
  REQUIRE(store.lanes.at(id).size() == 1);
  CHECK(store.lanes.at(id).front().sequence == 101);
  CHECK(store.lanes.at(id).front().end == ending::interrupted);
}

TEST_CASE("damage: of a file that was cut short, what is left counts") {
  const scratch dir;
  const std::uint64_t id = live_once(dir, 3);
  std::filesystem::resize_file(dir.files().front(), offset_of(2) + 30);
  recorder store;
  for (int start = 0; start < 2; ++start) {
    auto journal = open_keeper(settings_in(dir.path));
    CHECK(recover(*journal, store).truncated_segments == (start == 0 ? 1u : 0u));
  }
  REQUIRE(store.lanes.at(id).size() == 4);
  CHECK(store.lanes.at(id)[1].request == request(1));
  CHECK(store.lanes.at(id)[2].end == ending::interrupted);
  CHECK(dir.files(".bad").empty());
}

TEST_CASE("damage: files that are no segments are set aside, whole, and the start goes on") {
  const scratch dir;
  const std::uint64_t id = live_once(dir, 1);
  const std::string good = read(dir.files().front());
  const std::string name = "lane-00000000000000aa-00000000.seg";
  std::string content;
  SECTION("empty") {
    content = "";
  }
  SECTION("shorter than a header") {
    content = good.substr(0, 100);
  }
  SECTION("garbage") {
    content = std::string(100'000, 'g');
  }
  SECTION("another magic") {
    content = "X" + good.substr(1);
  }
  SECTION("a header whose checksum is wrong") {
    content = good.substr(0, 20) + "Z" + good.substr(21);
  }
  SECTION("another lane's file under this name") {
    content = good;
  }
  put(dir.path / name, content);
  put(dir.path / (name + ".bad"), "an older one");
  recorder store;
  auto journal = open_keeper(settings_in(dir.path));
  const recovery_report report = recover(*journal, store);
  CHECK(report.truncated_segments == 1);
  CHECK(report.lanes == 1);
  CHECK(store.lanes.at(id).size() == 4);
  CHECK(read(dir.path / (name + ".bad")) == "an older one");
  CHECK(read(dir.path / (name + ".2.bad")) == content);
  CHECK_FALSE(std::filesystem::exists(dir.path / name));
}

TEST_CASE("damage: drafts and blank files that a crash left are cleared away") {
  const scratch dir;
  put(dir.path / "lane-00000000000000aa-00000000.seg", std::string(65'536, '\0'));
  put(dir.path / "lane-00000000000000ab-00000000.seg.tmp", "half a header");
  put(dir.path / "notes.txt", "not ours");
  recorder store;
  auto journal = open_keeper(settings_in(dir.path));
  const recovery_report report = recover(*journal, store);
  CHECK(report.lanes == 0);
  CHECK(report.truncated_segments == 0);
  CHECK(dir.files("").size() == 1);
}

TEST_CASE("damage: a segment of a later version stops the start, in words") {
  const scratch dir;
  live_once(dir, 1);
  const auto file = dir.files().front();
  std::string bytes = read(file);
  bytes[8] = 2; // the version, and the checksum to fit
  const std::uint32_t crc = crc32c(std::as_bytes(std::span{bytes.data(), 52}));
  std::memcpy(bytes.data() + 52, &crc, sizeof crc);
  put(file, bytes);
  recorder store;
  auto journal = open_keeper(settings_in(dir.path));
  const auto report = journal->recover({}, store, 9'000);
  REQUIRE_FALSE(report.has_value());
  CHECK(report.error().code == errc::journal_corrupt);
  CHECK(report.error().message.find("format 2") != std::string::npos);
  CHECK(dir.files().size() == 1);
}

} // namespace proxy::journal
