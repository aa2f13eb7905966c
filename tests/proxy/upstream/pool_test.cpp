// The pool over plain connections: which are kept, in what order, and how each ends.
#include <optional>

#include "tests/proxy/upstream/loop.hpp"
#include "tests/proxy/upstream/servers.hpp"

using namespace upstream_test;
using std::chrono::milliseconds;

namespace {

constexpr auto host = "upstream.test";

struct bench {
  listener server;
  io::reactor loop;
  upstream::resolver names{"127.0.0.1", server.port()};
  upstream::pool connections;

  explicit bench(upstream::pool_settings settings = {.host = host})
      : connections(loop, names, std::move(settings)) {}

  io::task<io::stream*> open() {
    auto connecting = connections.connect();
    auto made = co_await std::move(connecting);
    REQUIRE(made.has_value());
    co_return *made;
  }
};

} // namespace

TEST_CASE("pool: nothing idle to begin with; a connection made carries bytes both ways") {
  bench b;
  CHECK(b.connections.take_idle() == nullptr);
  drive(b.loop, [&]() -> io::task<void> {
    auto opening = b.open();
    io::stream* mine = co_await std::move(opening);
    const peer theirs = b.server.accept();
    theirs.say("answer");
    auto asking = ask(*mine, "request");
    const std::string answer = co_await std::move(asking);
    CHECK(answer == "answer");
    CHECK(theirs.hear() == "request");
    CHECK(b.connections.opened() == 1);
    CHECK(b.connections.idle_count() == 0);
    mine->close();
  });
}

TEST_CASE("pool: a connection given back is taken again, and no other is opened") {
  bench b;
  drive(b.loop, [&]() -> io::task<void> {
    auto opening = b.open();
    io::stream* mine = co_await std::move(opening);
    const peer theirs = b.server.accept();
    next_turn turn{b.loop};
    for (int i = 0; i < 3; ++i) {
      b.connections.give_back(*mine);
      CHECK(b.connections.idle_count() == 1);
      co_await turn;
      REQUIRE(b.connections.take_idle() == mine);
      CHECK(b.connections.idle_count() == 0);
      theirs.say("answer");
      auto asking = ask(*mine, "request");
      const std::string answer = co_await std::move(asking);
      CHECK(answer == "answer");
      CHECK(theirs.hear() == "request");
    }
    CHECK(b.connections.opened() == 1);
    CHECK_FALSE(b.server.someone_waits());
    mine->close();
  });
}

TEST_CASE("pool: the connection used last is taken first") {
  bench b;
  drive(b.loop, [&]() -> io::task<void> {
    io::stream* mine[3];
    std::vector<peer> theirs;
    for (io::stream*& each : mine) {
      auto opening = b.open();
      each = co_await std::move(opening);
      theirs.push_back(b.server.accept());
    }
    for (io::stream* each : mine)
      b.connections.give_back(*each);
    CHECK(b.connections.take_idle() == mine[2]);
    CHECK(b.connections.take_idle() == mine[1]);
    b.connections.give_back(*mine[2]);
    CHECK(b.connections.take_idle() == mine[2]);
    CHECK(b.connections.take_idle() == mine[0]);
    CHECK(b.connections.take_idle() == nullptr);
    for (io::stream* each : mine)
      each->close();
  });
}

TEST_CASE("pool: more idle connections than allowed are closed, not kept") {
  const std::size_t idle_max = GENERATE(0u, 1u, 2u);
  bench b({.host = host, .idle_max = idle_max});
  drive(b.loop, [&]() -> io::task<void> {
    io::stream* mine[3];
    std::vector<peer> theirs;
    for (io::stream*& each : mine) {
      auto opening = b.open();
      each = co_await std::move(opening);
      theirs.push_back(b.server.accept());
    }
    for (io::stream* each : mine)
      b.connections.give_back(*each);
    CHECK(b.connections.idle_count() == idle_max);
    for (std::size_t i = idle_max; i < 3; ++i)
      CHECK(theirs[i].hear() == ""); // the end, before it is accepted again
    for (std::size_t i = idle_max; i-- > 0;)
      CHECK(b.connections.take_idle() == mine[i]);
    for (std::size_t i = 0; i < idle_max; ++i)
      mine[i]->close();
  });
}

TEST_CASE("pool: an idle connection that the upstream ends is noticed and not used") {
  bench b;
  drive(b.loop, [&]() -> io::task<void> {
    auto opening = b.open();
    io::stream* first = co_await std::move(opening);
    peer gone = b.server.accept();
    auto again = b.open();
    io::stream* second = co_await std::move(again);
    const peer stays = b.server.accept();
    b.connections.give_back(*second);
    b.connections.give_back(*first);
    gone.close();
    next_turn turn{b.loop};
    co_await turn;
    CHECK(b.connections.idle_count() == 1);
    CHECK(b.connections.take_idle() == second);
    CHECK(b.connections.take_idle() == nullptr);
    second->close();
  });
}

TEST_CASE("pool: an idle connection that speaks is out of step and closed") {
  bench b;
  drive(b.loop, [&]() -> io::task<void> {
    auto opening = b.open();
    io::stream* mine = co_await std::move(opening);
    const peer theirs = b.server.accept();
    b.connections.give_back(*mine);
    theirs.say("HTTP/1.1 408 Request Timeout\r\n\r\n");
    next_turn turn{b.loop};
    co_await turn;
    CHECK(b.connections.idle_count() == 0);
    CHECK(b.connections.take_idle() == nullptr);
    CHECK(theirs.hear() == "");
  });
}

TEST_CASE("pool: a connection that ended while in use is not kept") {
  bench b;
  drive(b.loop, [&]() -> io::task<void> {
    auto opening = b.open();
    io::stream* mine = co_await std::move(opening);
    peer theirs = b.server.accept();
    theirs.close();
    next_turn turn{b.loop};
    co_await turn;
    b.connections.give_back(*mine);
    CHECK(b.connections.idle_count() == 0);
  });
}

TEST_CASE("pool: a connection with bytes nobody asked for is not kept") {
  bench b;
  drive(b.loop, [&]() -> io::task<void> {
    auto opening = b.open();
    io::stream* mine = co_await std::move(opening);
    const peer theirs = b.server.accept();
    theirs.say("answer");
    auto asking = ask(*mine, "request");
    const std::string answer = co_await std::move(asking);
    CHECK(answer == "answer");
    // After the answer was read, before it is given back: no further edge will tell of it.
    theirs.say("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nstale");
    next_turn turn{b.loop};
    co_await turn;
    b.connections.give_back(*mine);
    CHECK(b.connections.idle_count() == 0);
    CHECK(b.connections.take_idle() == nullptr);
  });
}

TEST_CASE("pool: idle connections are dropped after their time, the oldest first") {
  bench b({.host = host, .idle_timeout = milliseconds{250}});
  drive(b.loop, [&]() -> io::task<void> {
    auto opening = b.open();
    io::stream* first = co_await std::move(opening);
    const peer theirs = b.server.accept();
    auto again = b.open();
    io::stream* second = co_await std::move(again);
    const peer other = b.server.accept();
    b.connections.give_back(*first);
    const io::deadline drop_at = b.loop.now() + 250;
    const io::deadline given_back_at = b.loop.now();
    auto passing = until(b.loop, [&] { return b.loop.now() > given_back_at; });
    co_await std::move(passing);
    b.connections.give_back(*second);
    const io::deadline drop_second_at = b.loop.now() + 250;
    CHECK(b.connections.idle_count() == 2);
    auto waiting = until(b.loop, [&] { return b.connections.idle_count() < 2; });
    co_await std::move(waiting);
    CHECK(b.loop.now() >= drop_at);
    CHECK(theirs.hear() == "");
    auto more = until(b.loop, [&] { return b.connections.idle_count() == 0; });
    co_await std::move(more);
    CHECK(b.loop.now() >= drop_second_at);
    CHECK(b.connections.idle_count() == 0);
    CHECK(other.hear() == "");
  });
}

TEST_CASE("pool: its end closes what is idle") {
  bench b;
  std::optional<peer> theirs;
  {
    io::reactor loop;
    upstream::pool connections(loop, b.names, {.host = host});
    drive(loop, [&]() -> io::task<void> {
      auto connecting = connections.connect();
      auto made = co_await std::move(connecting);
      REQUIRE(made.has_value());
      theirs.emplace(b.server.accept());
      connections.give_back(**made);
    });
    CHECK(connections.idle_count() == 0); // the loop's end is the connection's
  }
  CHECK(theirs->hear() == "");
}
