// The keeper's ordinary days: entries go in order to the sink, segments follow one another.
#include <fstream>

#include "tests/proxy/journal/support.hpp"

namespace proxy::journal {
namespace {

using namespace test;

} // namespace

TEST_CASE("keeper: what was appended is applied once, in order, over many segments") {
  const scratch dir;
  recorder store;
  auto journal = open_keeper(settings_in(dir.path, 8 << 10));
  lane& one = new_lane(*journal);
  journal->start(store);
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    append_with_room(one, intent(i));
    one.append(outcome_for(i));
  }
  CHECK(one.published() == 2000);
  REQUIRE(journal->flush());
  CHECK(store.wrong == 0);
  REQUIRE(store.lanes.size() == 1);
  const auto& entries = store.lanes.at(one.id());
  REQUIRE(entries.size() == 2000);
  CHECK(entries.front().sequence == 1);
  CHECK(entries[1998].request == request(1000));
  CHECK(model_of(entries[1999]) == "deepseek-chat");
  const auto figures = journal->now();
  CHECK(figures.published == 2000);
  CHECK(figures.applied == 2000);
  CHECK(figures.segments >= 2000 / 41);
  CHECK(figures.bytes == figures.segments * (8 << 10));
  CHECK_FALSE(figures.disk_full);
}

TEST_CASE("keeper: a refused batch comes again unchanged, and nothing of its lane overtakes it") {
  struct picky : recorder {
    std::vector<std::pair<std::uint64_t, std::size_t>> offers;
    bool apply(std::span<const batch> batches) override {
      offers.emplace_back(batches.front().first, batches.front().entries.size());
      return recorder::apply(batches);
    }
  };
  const scratch dir;
  picky store;
  store.refusals = 2;
  auto settings = settings_in(dir.path);
  settings.apply_every = std::chrono::hours{1}; // only flush() applies
  auto journal = open_keeper(settings);
  lane& one = new_lane(*journal);
  journal->start(store);
  one.append(intent(1));
  CHECK_FALSE(journal->flush());
  one.append(outcome_for(1));
  CHECK_FALSE(journal->flush());
  CHECK(journal->now().applied == 0);
  CHECK(journal->flush());
  CHECK(store.offers ==
        std::vector<std::pair<std::uint64_t, std::size_t>>{{1, 1}, {1, 1}, {1, 1}, {2, 1}});
  CHECK(store.count() == 2);
}

TEST_CASE("keeper: what a sink has lost comes again, and who watches is told once") {
  struct forgetful : recorder {
    std::optional<lane_progress> lost;
    bool apply(std::span<const batch> batches) override {
      if (refusals == 0)
        offers.emplace_back(batches.front().first, batches.front().entries.size());
      return recorder::apply(batches);
    }
    bool begin(std::vector<lane_progress>& what) override {
      if (const auto back = std::exchange(lost, std::nullopt)) {
        what.push_back(*back);
        auto& had = lanes[back->lane];
        had.resize(back->applied);
      }
      return true;
    }
    std::vector<std::pair<std::uint64_t, std::size_t>> offers;
  };
  const scratch dir;
  forgetful store;
  auto settings = settings_in(dir.path);
  settings.apply_every = std::chrono::hours{1}; // only flush() applies
  auto journal = open_keeper(settings);
  std::vector<std::uint64_t> told;
  journal->watch([&](std::span<const batch> batches) {
    for (const batch& one : batches)
      for (const entry& e : one.entries)
        told.push_back(e.sequence);
  });
  lane& one = new_lane(*journal);
  journal->start(store);
  for (const std::uint64_t i : {1U, 2U}) {
    one.append(intent(i));
    one.append(outcome_for(i));
  }
  CHECK(journal->flush());
  store.lost = {one.id(), 1};
  store.refusals = 1; // what is refused then comes as it was, too
  CHECK_FALSE(journal->flush());
  CHECK(journal->now().applied == 1);
  one.append(intent(3));
  CHECK(journal->flush());
  CHECK(store.offers == std::vector<std::pair<std::uint64_t, std::size_t>>{{1, 4}, {2, 3}, {5, 1}});
  CHECK(store.wrong == 0);
  CHECK(store.count() == 5);
  CHECK(told == std::vector<std::uint64_t>{1, 2, 3, 4, 5});
}

TEST_CASE("keeper: a lane that is refused does not stop the others") {
  struct against : recorder {
    std::uint64_t lane = 0;
    bool apply(std::span<const batch> batches) override {
      return batches.front().lane != lane && recorder::apply(batches);
    }
  };
  const scratch dir;
  against store;
  auto journal = open_keeper(settings_in(dir.path));
  lane& stuck = new_lane(*journal);
  lane& free = new_lane(*journal);
  store.lane = stuck.id();
  stuck.append(intent(1));
  free.append(intent(2));
  journal->start(store);
  CHECK_FALSE(journal->flush());
  CHECK(store.lanes.count(stuck.id()) == 0);
  CHECK(store.lanes.at(free.id()).size() == 1);
}

TEST_CASE("keeper: its end applies what is left") {
  const scratch dir;
  recorder store;
  auto settings = settings_in(dir.path);
  settings.apply_every = std::chrono::hours{1};
  {
    auto journal = open_keeper(settings);
    lane& one = new_lane(*journal);
    journal->start(store);
    one.append(intent(1));
    one.append(outcome_for(1));
  }
  CHECK(store.count() == 2);
}

TEST_CASE("keeper: a file in the directory's place is refused in words") {
  const scratch dir;
  std::ofstream(dir.path / "journal") << "in the way";
  const auto opened = keeper::open(settings_in(dir.path / "journal"));
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == errc::data_directory_unusable);
  CHECK(opened.error().message.find("journal") != std::string::npos);
}

TEST_CASE("keeper: a segment size outside its bounds is refused in words") {
  const scratch dir;
  const auto opened = keeper::open(settings_in(dir.path, 1000));
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == errc::bad_configuration);
}

} // namespace proxy::journal
