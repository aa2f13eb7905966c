// The directory with one thread: what is found, by what, and after which changes.
#include "tests/proxy/keys/records.hpp"

using namespace proxy::keys;
using namespace proxy::keys::test;

TEST_CASE("key_directory: a key is found by the hash of its secret and by its id") {
  key_directory all;
  key_slot& slot = all.publish(record_of(7));
  CHECK(all.find(hash_of(7)) == &slot);
  CHECK(all.by_id(key_id{7}) == &slot);
  CHECK(slot.id == key_id{7});
  CHECK(slot.record.load()->name == "key 7");
  CHECK(slot.root == &slot);
  CHECK(slot.parent == nullptr);
  CHECK(all.find(hash_of(8)) == nullptr);
  CHECK(all.by_id(key_id{8}) == nullptr);
  CHECK(all.size() == 1);
}

TEST_CASE("key_directory: a hash that shares its first eight bytes with a key's is unknown") {
  key_directory all;
  key_record first = record_of(1);
  key_record second = record_of(2);
  second.secrets[0].hash = first.secrets[0].hash;
  second.secrets[0].hash[15] ^= 1;
  key_slot& slot = all.publish(first);
  CHECK(all.find(second.secrets[0].hash) == nullptr);
  key_slot& other = all.publish(second);
  CHECK(all.find(first.secrets[0].hash) == &slot);
  CHECK(all.find(second.secrets[0].hash) == &other);
}

TEST_CASE("key_directory: a changed record is seen at the same slot, with all its secrets") {
  key_directory all;
  key_slot& slot = all.publish(record_of(1));
  key_record changed = record_of(1);
  changed.version = 2;
  changed.secrets.insert(changed.secrets.begin(), record_of(100).secrets[0]);
  CHECK(&all.publish(changed) == &slot);
  CHECK(slot.record.load()->version == 2);
  CHECK(all.find(hash_of(100)) == &slot);
  CHECK(all.find(hash_of(1)) == &slot);
  CHECK(all.size() == 1);
}

TEST_CASE("key_directory: a secret that was removed stays in the table but not in the record") {
  key_directory all;
  all.publish(record_of(1));
  key_record without = record_of(1);
  without.secrets.clear();
  all.publish(without);
  key_slot* found = all.find(hash_of(1));
  REQUIRE(found != nullptr);
  CHECK(found->record.load()->secrets.empty());
}

TEST_CASE("key_directory: a removed secret that another key takes leads to that key") {
  key_directory all;
  all.publish(record_of(1));
  key_record without = record_of(1);
  without.secrets.clear();
  all.publish(without);
  key_record heir = record_of(2);
  heir.secrets[0].hash = hash_of(1);
  key_slot& slot = all.publish(heir);
  CHECK(all.find(hash_of(1)) == &slot);
}

TEST_CASE("key_directory: a chain lists the key, its parents and the root in order") {
  key_directory all;
  key_slot& root = all.publish(record_of(1));
  key_slot& middle = all.publish(record_of(2, 1));
  key_slot& leaf = all.publish(record_of(3, 2));
  const key_chain chain{leaf};
  REQUIRE(chain.length == 3);
  CHECK(chain.slots[0] == &leaf);
  CHECK(chain.slots[1] == &middle);
  CHECK(chain.slots[2] == &root);
  CHECK(chain.view()[2] == root.record.load());
  CHECK(leaf.root == &root);
  CHECK(middle.root == &root);
}

TEST_CASE("key_directory: an unknown parent or a chain that is too long changes nothing") {
  key_directory all;
  CHECK_THROWS_AS(all.publish(record_of(5, 4)), std::logic_error);
  for (std::uint64_t id = 1; id <= chain_max; ++id)
    all.publish(id == 1 ? record_of(1) : record_of(id, id - 1));
  CHECK_THROWS_AS(all.publish(record_of(chain_max + 1, chain_max)), std::logic_error);
  CHECK(all.size() == chain_max);
  CHECK(key_chain{*all.by_id(key_id{chain_max})}.length == chain_max);
  CHECK(all.find(hash_of(chain_max + 1)) == nullptr);
  std::size_t seen = 0;
  all.for_each([&](key_slot& slot) { seen += slot.record.load() != nullptr; });
  CHECK(seen == chain_max);
}

TEST_CASE("key_directory: for_each visits in order of publication") {
  key_directory all;
  for (const std::uint64_t id : {9u, 3u, 6u})
    all.publish(record_of(id));
  all.publish(record_of(3)); // a change, not a new key
  std::vector<std::uint64_t> order;
  all.for_each([&](key_slot& slot) { order.push_back(slot.id.value); });
  CHECK(order == std::vector<std::uint64_t>{9, 3, 6});
}

TEST_CASE("key_directory: a copy outlives the record it was made of") {
  key_directory all;
  all.publish(record_of(1));
  const auto copy = all.copy_of(key_id{1});
  key_record changed = record_of(1);
  changed.name = "renamed";
  all.publish(changed);
  CHECK(copy->name == "key 1");
  CHECK(all.copy_of(key_id{1})->name == "renamed");
  CHECK(all.copy_of(key_id{2}) == nullptr);
}

TEST_CASE("key_directory: the generation grows with every publication") {
  key_directory all;
  const auto before = all.generation();
  all.publish(record_of(1));
  const auto between = all.generation();
  all.publish(record_of(1));
  CHECK(between > before);
  CHECK(all.generation() > between);
}

TEST_CASE("key_directory: a hundred thousand keys are all found, and no others") {
  constexpr std::uint64_t count = 100'000;
  key_directory all;
  for (std::uint64_t id = 1; id <= count; ++id)
    all.publish(record_of(id));
  std::size_t wrong = 0;
  for (std::uint64_t id = 1; id <= count; ++id) {
    const key_slot* found = all.find(hash_of(id));
    wrong += found == nullptr || found->id != key_id{id};
    wrong += all.find(hash_of(count + id)) != nullptr;
  }
  CHECK(wrong == 0);
  CHECK(all.size() == count);
}
