// All at once: threads that append, the keeper's two, scans and figures. For ThreadSanitizer, and
// for the sums at the end.
#include "tests/proxy/journal/support.hpp"

namespace proxy::journal {
namespace {

using namespace test;

constexpr std::uint64_t requests_a_lane = 4'000;

void write(lane& to, std::uint64_t from) {
  for (std::uint64_t i = from; i < from + requests_a_lane; ++i) {
    append_with_room(to, intent(i, static_cast<std::int64_t>(i % requests_a_lane)));
    to.append(outcome_for(i, static_cast<std::int64_t>(i % requests_a_lane)));
  }
}

} // namespace

TEST_CASE("stress: writers, applier, scans and flushes together lose and double nothing") {
  const scratch dir;
  recorder store;
  auto journal = open_keeper(settings_in(dir.path, 16 << 10));
  journal->start(store);
  std::vector<std::thread> writers;
  std::vector<lane*> lanes;
  for (std::uint64_t i = 0; i < 3; ++i)
    lanes.push_back(&new_lane(*journal));
  for (std::uint64_t i = 0; i < lanes.size(); ++i)
    writers.emplace_back([&, i] { write(*lanes[i], i << 32); });
  std::atomic<bool> finished{false};
  std::size_t disorder = 0;
  std::size_t scans = 0;
  std::thread reader([&] {
    for (; !finished; ++scans) {
      std::map<std::array<std::uint8_t, 16>, int> open;
      journal->scan({0, requests_a_lane, scans % 2 == 1}, [&](const entry& e) {
        disorder += e.crc != checksum_of(e);
        return true;
      });
      const auto figures = journal->now();
      disorder += figures.applied > figures.published;
    }
  });
  for (std::thread& one : writers)
    one.join();
  CHECK(journal->flush());
  finished = true;
  reader.join();
  CHECK(disorder == 0);
  CHECK(store.wrong == 0);
  for (const lane* one : lanes)
    CHECK(store.lanes.at(one->id()).size() == 2 * requests_a_lane);
  std::size_t rows = 0;
  journal->scan({0, requests_a_lane}, [&](const entry&) { return ++rows > 0; });
  CHECK(rows == 3 * 2 * requests_a_lane);
}

} // namespace proxy::journal
