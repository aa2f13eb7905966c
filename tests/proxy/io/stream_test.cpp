// The stream and its loop over socket pairs: what a coroutine sees of data, ends, deadlines and the
// loop's stop.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "proxy/io/stream.hpp"
#include "proxy/io/task.hpp"
#include "tests/support/catch.hpp"

using namespace proxy::io;

namespace {

struct pair {
  int ours = -1;
  int theirs = -1;
  pair() {
    int both[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, both) == 0);
    ours = both[0];
    theirs = both[1];
  }
  ~pair() {
    if (theirs >= 0)
      ::close(theirs);
  }
  void say(std::string_view text) const {
    REQUIRE(::send(theirs, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  }
  std::string hear() const {
    std::string text(65536, '\0');
    const ssize_t got = ::recv(theirs, text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
};

void fail(std::exception_ptr) {
  FAIL("the task threw");
}

} // namespace

TEST_CASE("stream: a read gets what is there and waits for what is not") {
  reactor loop;
  pair sockets;
  stream* s = stream::adopt(loop, sockets.ours);
  std::string got;
  const auto work = [](reactor& r, stream& on, const pair& peer, std::string& out) -> task<void> {
    char room[64];
    const io_result first = co_await on.read(room, no_deadline);
    out.append(room, first.bytes);
    peer.say(" world");
    const io_result second = co_await on.read(room, no_deadline);
    out.append(room, second.bytes);
    on.close();
    r.stop();
  };
  sockets.say("hello");
  start(work(loop, *s, sockets, got), fail);
  loop.run(nullptr);
  CHECK(got == "hello world");
}

TEST_CASE("stream: data and FIN in one edge give the data, then the end") {
  reactor loop;
  pair sockets;
  stream* s = stream::adopt(loop, sockets.ours);
  sockets.say("last words");
  ::close(std::exchange(sockets.theirs, -1));
  std::string got;
  status end = status::ok;
  const auto work = [](reactor& r, stream& on, std::string& out, status& last) -> task<void> {
    char room[64];
    for (;;) {
      const io_result result = co_await on.read(room, no_deadline);
      last = result.what;
      if (result.what != status::ok)
        break;
      out.append(room, result.bytes);
    }
    on.close();
    r.stop();
  };
  start(work(loop, *s, got, end), fail);
  loop.run(nullptr);
  CHECK(got == "last words");
  CHECK(end == status::closed);
}

TEST_CASE("stream: a deadline ends a read that nothing comes for") {
  reactor loop;
  pair sockets;
  stream* s = stream::adopt(loop, sockets.ours);
  status end = status::ok;
  const auto work = [](reactor& r, stream& on, status& last) -> task<void> {
    char room[8];
    const io_result result = co_await on.read(room, r.now() + 1);
    last = result.what;
    on.close();
    r.stop();
  };
  start(work(loop, *s, end), fail);
  loop.run(nullptr);
  CHECK(end == status::timeout);
}

TEST_CASE("stream: a write larger than the socket's buffer arrives whole and in order") {
  reactor loop;
  pair sockets;
  stream* s = stream::adopt(loop, sockets.ours);
  std::string sent;
  for (int i = 0; i < 200'000; ++i)
    sent += static_cast<char>('a' + i % 26);
  std::string received;
  std::size_t written = 0;
  const auto work = [](reactor& r, stream& on, std::string& text, std::size_t& out) -> task<void> {
    iovec pieces[3] = {{text.data(), 1}, {text.data() + 1, 0}, {text.data() + 1, text.size() - 1}};
    const io_result result = co_await on.write(pieces, no_deadline);
    out = result.bytes;
    on.close();
    r.stop();
  };
  start(work(loop, *s, sent, written), fail);
  loop.every_turn([&] { received += sockets.hear(); });
  loop.every_tick([&](deadline) { received += sockets.hear(); });
  loop.run(nullptr);
  received += sockets.hear();
  CHECK(written == sent.size());
  while (received.size() < sent.size()) {
    const std::string more = sockets.hear();
    REQUIRE_FALSE(more.empty());
    received += more;
  }
  CHECK(received == sent);
}

TEST_CASE("stream: writing to a peer that is gone is an error, not a signal") {
  reactor loop;
  pair sockets;
  stream* s = stream::adopt(loop, sockets.ours);
  ::close(std::exchange(sockets.theirs, -1));
  status end = status::ok;
  const auto work = [](reactor& r, stream& on, status& last) -> task<void> {
    char text[] = "anybody?";
    iovec piece{text, sizeof text};
    const io_result result = co_await on.write({&piece, 1}, no_deadline);
    last = result.what;
    on.close();
    r.stop();
  };
  start(work(loop, *s, end), fail);
  loop.run(nullptr);
  CHECK(end == status::reset);
}

TEST_CASE("reactor: stopping makes every waiting coroutine give up") {
  reactor loop;
  pair first, second;
  int gave_up = 0;
  const auto work = [](stream& on, int& count) -> task<void> {
    char room[8];
    const io_result result = co_await on.read(room, no_deadline);
    if (result.what == status::stopped)
      ++count;
    on.close();
  };
  start(work(*stream::adopt(loop, first.ours), gave_up), fail);
  start(work(*stream::adopt(loop, second.ours), gave_up), fail);
  loop.stop();
  loop.run(nullptr);
  CHECK(gave_up == 2);
}

TEST_CASE("reactor: one that ends another one's stream in the same batch is safe") {
  reactor loop;
  pair first, second;
  struct both {
    reactor& r;
    stream* a;
    stream* b;
    int told = 0;
  } owner{loop, stream::adopt(loop, first.ours), stream::adopt(loop, second.ours)};
  // Both become readable in one batch; whoever is told first closes the other as well.
  const auto close_both = [](void* context, stream&) {
    auto& self = *static_cast<both*>(context);
    ++self.told;
    for (stream* each : {self.a, self.b}) {
      each->unwatch();
      each->close();
    }
    self.r.stop();
  };
  owner.a->watch_idle(close_both, &owner);
  owner.b->watch_idle(close_both, &owner);
  first.say("x");
  second.say("x");
  loop.run(nullptr);
  CHECK(owner.told == 1);
}

TEST_CASE("stream: an idle connection that speaks or ends is reported to its keeper") {
  reactor loop;
  pair sockets;
  stream* s = stream::adopt(loop, sockets.ours);
  struct keeper {
    reactor& r;
    int told = 0;
  } owner{loop};
  s->watch_idle(
      [](void* context, stream& which) {
        auto& self = *static_cast<keeper*>(context);
        ++self.told;
        which.unwatch();
        which.close();
        self.r.stop();
      },
      &owner);
  ::close(std::exchange(sockets.theirs, -1));
  loop.run(nullptr);
  CHECK(owner.told == 1);
}

TEST_CASE("task: an exception reaches whoever awaits, and the last backstop") {
  const auto inner = []() -> task<int> {
    throw std::runtime_error("inside");
    co_return 1;
  };
  bool caught = false;
  const auto outer = [](auto make, bool& seen) -> task<void> {
    auto work = make();
    try {
      co_await std::move(work);
    } catch (const std::runtime_error&) {
      seen = true;
    }
    throw std::logic_error("outside");
  };
  bool backstop = false;
  start(outer(inner, caught), [&](std::exception_ptr) { backstop = true; });
  CHECK(caught);
  CHECK(backstop);
}
