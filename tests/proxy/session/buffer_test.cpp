// Memory of requests in flight, and the small parts that sessions are made of.
#include <set>

#include "tests/proxy/session/stage.hpp"

using namespace session_test;
using session::block_bytes;

TEST_CASE("block_pool: a block given back is the next one taken") {
  session::block_pool<block_bytes> pool;
  auto first = pool.take();
  auto second = pool.take();
  CHECK(first.get() != second.get());
  std::fill_n(first.get(), block_bytes, 'x'); // all of it is there
  const char* address = first.get();
  pool.give(std::move(first));
  CHECK(pool.take().get() == address);
  pool.give(nullptr);
  CHECK(pool.take() != nullptr);
}

TEST_CASE("byte_budget: what is taken is there, to the byte, and comes back") {
  session::byte_budget budget(100);
  CHECK(budget.take(60));
  CHECK_FALSE(budget.take(41));
  CHECK(budget.take(40));
  CHECK_FALSE(budget.take(1));
  CHECK(budget.take(0));
  budget.give(1);
  CHECK(budget.take(1));
  CHECK_FALSE(budget.take(1));
}

TEST_CASE("body_buffer: a promised length reserves no more than has arrived asks for") {
  session::byte_budget budget(1 << 20);
  session::body_buffer body;
  const auto room = body.room(budget, 512 << 10);
  CHECK(room.size() == 64 << 10);
  CHECK(budget.take((1 << 20) - (64 << 10)));
  CHECK_FALSE(budget.take(1));
}

TEST_CASE("body_buffer: it grows by doubling up to the length expected, and keeps what it has") {
  session::byte_budget budget(1 << 20);
  session::body_buffer body;
  const std::size_t expected = 150'000;
  std::vector<std::size_t> rooms;
  std::string put;
  while (body.size() < expected) {
    const auto room = body.room(budget, expected);
    REQUIRE_FALSE(room.empty());
    rooms.push_back(room.size());
    for (char& byte : room)
      put += byte = static_cast<char>('a' + put.size() % 23);
    body.filled(room.size());
  }
  CHECK(rooms == std::vector<std::size_t>{65'536, 65'536, 150'000 - 131'072});
  CHECK(body.view() == put);
  CHECK(budget.take((1 << 20) - expected));
  CHECK_FALSE(budget.take(1));
}

TEST_CASE("body_buffer: room that is not filled yet is offered again") {
  session::byte_budget budget(1 << 20);
  session::body_buffer body;
  body.room(budget, 0)[0] = 'h';
  body.filled(1);
  const auto rest = body.room(budget, 0);
  CHECK(rest.size() == (64 << 10) - 1);
  rest[0] = 'i';
  body.filled(1);
  CHECK(body.view() == "hi");
}

TEST_CASE("body_buffer: without budget there is no room, what is there stays, and all comes back") {
  session::byte_budget budget(100 << 10);
  {
    session::body_buffer body;
    const auto room = body.room(budget, 0);
    std::fill(room.begin(), room.end(), 'x');
    body.filled(room.size());
    CHECK(body.room(budget, 0).empty()); // doubling takes 64 KiB more
    CHECK(body.view() == std::string(64 << 10, 'x'));
    session::body_buffer other;
    CHECK(other.room(budget, 0).empty());
    body.release();
    CHECK(body.size() == 0);
    CHECK_FALSE(other.room(budget, 0).empty());
  }
  CHECK(budget.take(100 << 10));
}

TEST_CASE("hasher: SHA-256, one after the other from the same context") {
  session::hasher digest;
  const auto hex = [&](std::string_view text) {
    std::string out;
    for (const std::uint8_t byte : digest.of(text))
      out += fmt::format("{:02x}", byte);
    return out;
  };
  // FIPS 180-4's examples.
  CHECK(hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("request_ids: none comes twice, over many pages") {
  session::request_ids ids, others;
  std::set<std::array<std::uint8_t, 16>> seen;
  for (int i = 0; i < 5'000; ++i) {
    CHECK(seen.insert(ids.next().bytes).second);
    CHECK(seen.insert(others.next().bytes).second);
  }
}

TEST_CASE("known_caller: nobody at first, then exactly the secret that was learnt") {
  session::known_caller caller;
  const std::string zeros(policies::keys::secret_length, '\0');
  CHECK_FALSE(caller.matches(zeros));
  std::string secret(policies::keys::secret_length, 'a');
  policies::keys::secret_hash hash{};
  hash[0] = 9;
  caller.learn(secret, hash);
  CHECK(caller.matches(secret));
  CHECK(caller.hash == hash);
  CHECK_FALSE(caller.matches(secret.substr(1)));
  CHECK_FALSE(caller.matches(secret + "a"));
  secret.back() = 'b';
  CHECK_FALSE(caller.matches(secret));
}
