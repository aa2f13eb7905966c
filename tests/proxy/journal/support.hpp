// What the journal's tests share: a directory of their own, a sink that keeps what it is given, and
// short ways to make entries.
#pragma once

#include <fstream>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include <spdlog/spdlog.h>
#include <stdlib.h>

#include "proxy/journal/keeper.hpp"
#include "proxy/journal/segment.hpp"
#include "tests/support/catch.hpp"

namespace proxy::journal::test {

// Damage is what these tests make: the log has nothing to tell their reader.
struct quiet {
  quiet() { spdlog::set_level(spdlog::level::off); }
  ~quiet() { spdlog::set_level(spdlog::level::info); }
};

struct scratch {
  std::filesystem::path path;
  quiet log;
  scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "journal-test-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() { std::filesystem::remove_all(path); }

  std::vector<std::filesystem::path> files(const std::string& ending = ".seg") const {
    std::vector<std::filesystem::path> found;
    for (const auto& at : std::filesystem::directory_iterator(path))
      if (at.path().string().ends_with(ending))
        found.push_back(at.path());
    std::sort(found.begin(), found.end());
    return found;
  }
};

inline keeper_settings settings_in(const std::filesystem::path& directory,
                                   std::size_t segment_bytes = 64 << 10) {
  keeper_settings settings;
  settings.directory = directory;
  settings.segment_bytes = segment_bytes;
  settings.retention = std::chrono::hours{24 * 366 * 200}; // the tests' rows are of 1970
  settings.sync_every = std::chrono::milliseconds{1};
  settings.apply_every = std::chrono::milliseconds{1};
  return settings;
}

// Keeps all entries by lane, and fails the test when one comes twice, early or altered.
class recorder : public sink {
 public:
  bool apply(std::span<const batch> batches) override {
    ++calls;
    if (refusals > 0) {
      --refusals;
      return false;
    }
    for (const batch& one : batches) {
      auto& lane = lanes[one.lane];
      for (std::size_t i = 0; i < one.entries.size(); ++i) {
        const entry& e = one.entries[i];
        if (e.sequence != one.first + i || e.crc != checksum_of(e))
          ++wrong;
        if (!lane.empty() && lane.back().sequence >= e.sequence)
          ++wrong;
        lane.push_back(e);
      }
    }
    return true;
  }
  std::vector<lane_progress> progress() const {
    std::vector<lane_progress> all;
    for (const auto& [lane, entries] : lanes)
      all.push_back({lane, entries.back().sequence});
    return all;
  }
  std::size_t count() const {
    std::size_t sum = 0;
    for (const auto& [lane, entries] : lanes)
      sum += entries.size();
    return sum;
  }

  std::map<std::uint64_t, std::vector<entry>> lanes;
  std::size_t calls = 0;
  std::size_t refusals = 0; // so many calls are refused first
  std::size_t wrong = 0;
};

inline std::array<std::uint8_t, 16> request(std::uint64_t number) {
  std::array<std::uint8_t, 16> id{};
  for (std::size_t i = 0; i < 8; ++i)
    id[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return id;
}

inline entry intent(std::uint64_t number, std::int64_t time_ms = 1'000) {
  entry e;
  e.kind = entry_kind::intent;
  e.request = request(number);
  e.time_ms = time_ms;
  e.started_ms = time_ms - 1;
  e.key = 7;
  e.feature = 3;
  e.hold_nano = 5'000 + static_cast<std::int64_t>(number);
  e.hold_tokens = 900;
  set_model(e, "deepseek-chat");
  return e;
}

inline entry outcome_for(std::uint64_t number, std::int64_t time_ms = 2'000) {
  entry e = intent(number, time_ms);
  e.kind = entry_kind::outcome;
  e.cost_nano = 100;
  e.charged_tokens = 12;
  e.status = 200;
  return e;
}

inline std::unique_ptr<keeper> open_keeper(keeper_settings settings) {
  auto opened = keeper::open(std::move(settings));
  REQUIRE(opened.has_value());
  return std::move(*opened);
}

inline lane& new_lane(keeper& from) {
  auto made = from.make_lane();
  REQUIRE(made.has_value());
  return **made;
}

// A keeper of a new life: recovers past `progress` into `to`.
inline recovery_report recover(keeper& from, recorder& to, std::int64_t now_ms = 9'000) {
  const auto progress = to.progress();
  auto report = from.recover(progress, to, now_ms);
  REQUIRE(report.has_value());
  CHECK(to.wrong == 0);
  return *report;
}

// Waits for what a background thread does within milliseconds.
template <class Condition>
bool eventually(Condition met) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!met()) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    std::this_thread::yield();
  }
  return true;
}

// Flips one bit of a file, or of an entry in it.
inline void flip(const std::filesystem::path& file, std::size_t at) {
  std::fstream io(file, std::ios::in | std::ios::out | std::ios::binary);
  io.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(io.get() ^ 1);
  io.seekp(static_cast<std::streamoff>(at));
  io.put(byte);
  REQUIRE(io.good());
}
inline std::size_t offset_of(std::uint64_t slot) {
  return header_bytes + slot * sizeof(entry);
}

// The background thread allocates: wait for it, as a data thread would by answering 503.
inline void append_with_room(lane& to, const entry& e) {
  while (!to.room_for_intent())
    std::this_thread::yield();
  to.append(e);
}

} // namespace proxy::journal::test
