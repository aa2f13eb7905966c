// The ring between two threads: order, bounds, and when its reader is to be woken.
#include "proxy/io/ring.hpp"

#include <thread>
#include <vector>

#include "tests/support/catch.hpp"

using proxy::io::ring;

namespace {

std::vector<int> drained(ring<int>& from) {
  std::vector<int> all;
  from.drain([&](int each) { all.push_back(each); });
  return all;
}

bool put(ring<int>& to, int value) {
  int* const place = to.room();
  if (!place)
    return false;
  *place = value;
  to.publish();
  return true;
}

} // namespace

TEST_CASE("ring: values come out in order, over its end too") {
  ring<int> one(4);
  int next = 0;
  int expected = 0;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 1 + round % 4; ++i)
      REQUIRE(put(one, next++));
    for (const int each : drained(one))
      REQUIRE(each == expected++);
  }
  CHECK(expected == next);
}

TEST_CASE("ring: a full one has no room, loses nothing of what it has, and takes more once read") {
  ring<int> one(5);
  REQUIRE(one.capacity() == 8);
  for (int i = 0; i < 8; ++i)
    REQUIRE(put(one, i));
  CHECK_FALSE(put(one, 8));
  CHECK_FALSE(put(one, 9));
  CHECK(drained(one) == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(put(one, 10));
  CHECK(drained(one) == std::vector<int>{10});
  CHECK(drained(one).empty());
}

TEST_CASE("ring: what is published while it is drained is for the next time") {
  ring<int> one(8);
  put(one, 1);
  std::vector<int> seen;
  one.drain([&](int each) {
    seen.push_back(each);
    put(one, each + 1);
  });
  CHECK(seen == std::vector<int>{1});
  CHECK(drained(one) == std::vector<int>{2});
}

TEST_CASE("ring: its reader is woken when it becomes half full, once") {
  ring<int> one(8);
  const auto woken = [&](int count) {
    int times = 0;
    for (int i = 0; i < count; ++i) {
      *one.room() = i;
      times += one.publish();
    }
    return times;
  };
  CHECK(woken(3) == 0);
  CHECK(woken(1) == 1);
  CHECK(woken(4) == 0);
  drained(one);
  CHECK(woken(3) == 0);
  drained(one);
  CHECK(woken(3) == 0);
  CHECK(woken(5) == 1);
}

TEST_CASE("ring: two threads, none waits for the other, nothing is lost, doubled or torn") {
  struct pair {
    std::uint64_t value;
    std::uint64_t twice;
  };
  ring<pair> one(64);
  constexpr std::uint64_t count = 200'000;
  std::uint64_t refused = 0;
  std::atomic<bool> written{false};
  std::thread writer([&] {
    for (std::uint64_t i = 1; i <= count; ++i) {
      pair* place = one.room();
      if (!place) {
        ++refused;
        std::this_thread::yield();
        continue;
      }
      *place = {i, 2 * i};
      one.publish();
    }
    written = true;
  });
  std::uint64_t read = 0;
  std::uint64_t last = 0;
  bool sound = true;
  for (bool end = false; !end;) {
    end = written;
    read += one.drain([&](const pair& each) {
      sound = sound && each.value > last && each.twice == 2 * each.value;
      last = each.value;
    });
  }
  writer.join();
  CHECK(sound);
  CHECK(read + refused == count);
  CHECK(read > 0);
}
