// Readers and writers at once. Run under a thread or address sanitizer it shows that no record is
// freed under a reader; the assertions show that nothing published is missed or torn.
#include <atomic>
#include <thread>

#include "tests/proxy/keys/records.hpp"

using namespace proxy::keys;
using namespace proxy::keys::test;

namespace {

// What a record says of itself must fit together, or a reader saw it torn or freed.
bool consistent(const key_record& record) {
  return record.name == "v" + std::to_string(record.version) &&
         record.models.size() == record.version % 5 &&
         std::ranges::all_of(record.models, [&](const auto& m) { return m == record.name; });
}

key_record version_of(std::uint64_t id, std::uint64_t version,
                      std::optional<std::uint64_t> parent = {}) {
  key_record record = record_of(id, parent);
  record.version = version;
  record.name = "v" + std::to_string(version);
  record.models.assign(version % 5, record.name);
  return record;
}

} // namespace

TEST_CASE("key_directory: readers see whole records, each at least as new as the one before") {
  key_directory all;
  all.publish(version_of(1, 1));
  all.publish(version_of(2, 1, 1));
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> wrong{0};
  std::atomic<int> reading{0};
  const auto read = [&](epochs::participant& turn) {
    std::uint64_t newest = 0;
    for (bool first = true; !stop; first = false) {
      turn.enter();
      const key_chain chain{*all.find(hash_of(2))};
      wrong += chain.length != 2 || chain.records[0]->version < newest;
      newest = chain.records[0]->version;
      for (const key_record* record : chain.view())
        wrong += !consistent(*record);
      turn.leave();
      if (first)
        ++reading;
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back(read, std::ref(all.readers().join()));
  while (reading < 3)
    std::this_thread::yield();
  for (std::uint64_t version = 2; version <= 3000; ++version) {
    all.publish(version_of(1, version));
    all.publish(version_of(2, version, 1));
    wrong += !consistent(*all.copy_of(key_id{2}));
  }
  stop = true;
  for (auto& each : readers)
    each.join();
  CHECK(wrong == 0);
}

TEST_CASE("key_directory: a key is found by everyone from the moment publish() returns") {
  constexpr std::uint64_t count = 20'000; // the table grows several times
  key_directory all;
  std::atomic<std::uint64_t> published{0};
  std::atomic<std::size_t> wrong{0};
  const auto read = [&](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (std::uint64_t known = 0; known < count;) {
      known = published.load();
      if (known == 0)
        continue;
      const std::uint64_t id = 1 + random() % known;
      const key_slot* found = all.find(hash_of(id));
      wrong += found == nullptr || found->id != key_id{id};
      wrong += all.find(hash_of(count + id)) != nullptr;
      wrong += all.by_id(key_id{id}) != found;
    }
  };
  std::vector<std::thread> readers;
  for (const std::uint64_t seed : {1u, 2u})
    readers.emplace_back(read, seed);
  for (std::uint64_t id = 1; id <= count; ++id) {
    all.publish(record_of(id));
    published = id;
  }
  for (auto& each : readers)
    each.join();
  CHECK(wrong == 0);
}

TEST_CASE("key_directory: writers may come from several threads") {
  constexpr std::uint64_t count = 2'000;
  key_directory all;
  all.publish(version_of(1, 1));
  std::vector<std::thread> writers;
  for (std::uint64_t writer = 0; writer < 3; ++writer)
    writers.emplace_back([&, writer] {
      for (std::uint64_t i = 1; i <= count; ++i) {
        all.publish(record_of(10 + writer * count + i, 1));
        all.publish(version_of(1, i));
      }
    });
  for (auto& each : writers)
    each.join();
  CHECK(all.size() == 1 + 3 * count);
  CHECK(consistent(*all.by_id(key_id{1})->record.load()));
  std::size_t missing = 0;
  for (std::uint64_t id = 11; id <= 10 + 3 * count; ++id)
    missing += all.find(hash_of(id)) == nullptr;
  CHECK(missing == 0);
}
