// The response cache's bounds and the order of the waiting line, without a request.
#include "proxy/session/response_cache.hpp"
#include "proxy/session/waiting_line.hpp"
#include "tests/support/catch.hpp"

using namespace proxy::session;
using policies::instant;
using policies::milliseconds;

namespace {

response_cache::digest name(int n) {
  response_cache::digest out{};
  out[0] = static_cast<std::uint8_t>(n);
  return out;
}

std::shared_ptr<const kept_answer> answer(std::size_t bytes) {
  return std::make_shared<const kept_answer>(
      kept_answer{200, "application/json", std::string(bytes, 'x')});
}

constexpr instant at(int ms) {
  return instant{milliseconds{ms}};
}

} // namespace

TEST_CASE("response_cache: an answer is found until its end, not at it") {
  response_cache cache{1 << 20};
  cache.keep(name(1), answer(10), at(100));
  CHECK(cache.find(name(1), at(99)));
  CHECK_FALSE(cache.find(name(1), at(100)));
  CHECK_FALSE(cache.find(name(2), at(0)));
  CHECK(cache.bytes() == 0); // what has ended is gone
}

TEST_CASE("response_cache: the least recently used make room, and what is too large is not kept") {
  response_cache cache{4000};
  for (int n = 1; n <= 3; ++n)
    cache.keep(name(n), answer(900), at(1000));
  CHECK(cache.find(name(1), at(1))); // used: 2 is the oldest now
  cache.keep(name(4), answer(900), at(1000));
  CHECK(cache.find(name(1), at(1)));
  CHECK_FALSE(cache.find(name(2), at(1)));
  CHECK(cache.find(name(4), at(1)));
  CHECK(cache.bytes() <= 4000);
  cache.keep(name(5), answer(4001), at(1000));
  CHECK_FALSE(cache.find(name(5), at(1)));
  CHECK(cache.find(name(1), at(1)));
  const std::size_t before = cache.bytes();
  cache.keep(name(1), answer(900), at(1000)); // again: the new one instead
  CHECK(cache.bytes() == before);
  response_cache off{0};
  off.keep(name(1), answer(1), at(1000));
  CHECK_FALSE(off.find(name(1), at(1)));
}

TEST_CASE("waiting_line: first come, first served, each key by itself, within bounds") {
  waiting_line line{{.each = 2, .all = 3}};
  using place = waiting_line::place;
  place a{.key = policies::key_id{1}};
  place b{.key = policies::key_id{1}};
  place c{.key = policies::key_id{1}};
  place other{.key = policies::key_id{2}};
  place more{.key = policies::key_id{3}};
  CHECK_FALSE(line.anyone(policies::key_id{1}));
  REQUIRE(line.enter(a));
  REQUIRE(line.enter(b));
  CHECK_FALSE(line.enter(c)); // the key's line is full
  REQUIRE(line.enter(other));
  CHECK_FALSE(line.enter(more)); // and all of them together
  CHECK(line.anyone(policies::key_id{1}));
  CHECK(line.is_first(a));
  CHECK_FALSE(line.is_first(b));
  CHECK(line.is_first(other));
  line.leave(a);
  CHECK(line.is_first(b));
  CHECK(b.called);
  CHECK_FALSE(line.is_first(a));
  line.leave(a); // twice: nothing
  REQUIRE(line.enter(c));
  line.leave(c); // not its turn: nobody is called
  CHECK_FALSE(other.called);
  REQUIRE(line.enter(c, true)); // it holds what b waits for
  CHECK(line.is_first(c));
  CHECK_FALSE(line.is_first(b));
  line.leave(c);
  CHECK(line.is_first(b));
  line.leave(b);
  line.leave(other);
  CHECK(line.size() == 0);
  CHECK_FALSE(line.anyone(policies::key_id{1}));
}
