// What a rotation leaves of the secrets that were.
#include "policies/keys/rotation.hpp"

#include "tests/support/catch.hpp"

using namespace policies;
using namespace policies::keys;
using std::chrono::hours;

namespace {

constexpr instant birth{std::chrono::sys_days{std::chrono::year{2026} / 4 / 15}};

key_secret secret(std::uint8_t name, instant created) {
  key_secret made;
  made.hash[0] = name;
  made.created = created;
  return made;
}

key_record one_key() {
  key_record key;
  key.created = birth;
  key.secrets.push_back(secret(1, birth));
  return key;
}

std::vector<int> names(const key_record& key) {
  std::vector<int> out;
  for (const key_secret& each : key.secrets)
    out.push_back(each.hash[0]);
  return out;
}

bool rotate_at(key_record& key, std::uint8_t name, instant now, milliseconds grace) {
  return rotate(key, {secret(name, now), grace, now});
}

} // namespace

TEST_CASE("rotation: the new secret stands first, the old one ends with the grace period") {
  key_record key = one_key();
  CHECK_FALSE(rotated_at(key));
  const instant now = birth + hours{100};
  REQUIRE(rotate_at(key, 2, now, hours{24}));
  CHECK(names(key) == std::vector{2, 1});
  CHECK_FALSE(key.secrets[0].valid_until);
  CHECK(key.secrets[1].valid_until == now + hours{24});
  CHECK(is_valid(key.secrets[1], now + hours{24} - milliseconds{1}));
  CHECK_FALSE(is_valid(key.secrets[1], now + hours{24}));
  CHECK(is_valid(key.secrets[0], now + hours{100'000}));
  CHECK(rotated_at(key) == now);
}

TEST_CASE("rotation: without grace the old secret has ended at that instant") {
  key_record key = one_key();
  const instant now = birth + hours{1};
  REQUIRE(rotate_at(key, 2, now, milliseconds{0}));
  CHECK_FALSE(is_valid(key.secrets[1], now));
}

TEST_CASE("rotation: a second one never prolongs what the first has set, but may shorten it") {
  key_record key = one_key();
  REQUIRE(rotate_at(key, 2, birth + hours{1}, hours{10}));
  REQUIRE(rotate_at(key, 3, birth + hours{2}, hours{100}));
  CHECK(names(key) == std::vector{3, 2, 1});
  CHECK(key.secrets[2].valid_until == birth + hours{11});
  CHECK(key.secrets[1].valid_until == birth + hours{102});
  REQUIRE(rotate_at(key, 4, birth + hours{3}, milliseconds{0}));
  for (std::size_t i = 1; i < key.secrets.size(); ++i)
    CHECK_FALSE(is_valid(key.secrets[i], birth + hours{3}));
}

TEST_CASE("rotation: an ended secret is remembered for a month and then forgotten") {
  key_record key = one_key();
  REQUIRE(rotate_at(key, 2, birth, milliseconds{0}));
  const instant month = birth + remembered_after_end;
  REQUIRE(rotate_at(key, 3, month - milliseconds{1}, hours{1}));
  CHECK(names(key) == std::vector{3, 2, 1});
  REQUIRE(rotate_at(key, 4, month, hours{1}));
  CHECK(names(key) == std::vector{4, 3, 2});
}

TEST_CASE("rotation: at most eight secrets; those that ended go first, valid ones never") {
  key_record key = one_key();
  for (std::uint8_t name = 2; name <= 8; ++name)
    REQUIRE(rotate_at(key, name, birth + hours{name}, hours{1000}));
  const key_record full = key;
  CHECK_FALSE(rotate_at(key, 9, birth + hours{9}, hours{1000}));
  CHECK(key == full);
  CHECK(rotate_at(key, 9, birth + hours{9}, milliseconds{0}));
  CHECK(names(key) == std::vector{9, 8, 7, 6, 5, 4, 3, 2});
}

TEST_CASE("rotation: a schedule reminds a week before, and counts from the newest secret") {
  using std::chrono::days;
  key_record key = one_key();
  CHECK_FALSE(rotation_due(key));
  key.rotate_every_days = 90;
  CHECK(rotation_due(key) == birth + days{90});
  const auto told = [&](instant now) {
    std::vector<std::string> out;
    for (const auto& event : rotation_events(key, now))
      out.emplace_back(event.what);
    return out;
  };
  CHECK(told(birth + days{83} - milliseconds{1}).empty());
  CHECK(told(birth + days{83}) == std::vector<std::string>{"rotation_reminder"});
  CHECK(told(birth + days{90}).size() == 2);
  REQUIRE(rotate_at(key, 2, birth + days{91}, days{7}));
  CHECK(rotation_due(key) == birth + days{181});
  CHECK(told(birth + days{97}).empty());
  CHECK(told(birth + days{98}) == std::vector<std::string>{"old_secret_ended"});
  key.rotate_every_days = 7; // shorter than the reminder: told when it is due
  CHECK(told(birth + days{97}).empty());
}
