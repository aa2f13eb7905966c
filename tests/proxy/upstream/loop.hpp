// Runs a coroutine on a reactor of its own until it ends, and hands on what failed in it.
#pragma once

#include <csignal>
#include <exception>
#include <string>

#include "proxy/io/reactor.hpp"
#include "proxy/io/stream.hpp"
#include "proxy/io/task.hpp"
#include "proxy/upstream/pool.hpp"
#include "tests/support/catch.hpp"

namespace upstream_test {

namespace io = proxy::io;
namespace upstream = proxy::upstream;

// Resumes in the loop's next turn: what the kernel knew before has been told by then.
struct next_turn {
  io::reactor& loop;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) const {
    loop.post([waiter] { waiter.resume(); });
  }
  void await_resume() const {}
};

// Until `so` holds, or for ten seconds.
template <class Condition>
io::task<void> until(io::reactor& loop, Condition so) {
  const io::deadline limit = loop.now() + 10'000;
  next_turn turn{loop};
  while (!so() && loop.now() < limit)
    co_await turn;
}

template <class Body>
void drive(io::reactor& loop, Body body) {
  std::signal(SIGPIPE, SIG_IGN); // as main() does
  std::exception_ptr failed;
  const auto whole = [](io::reactor& on, Body& what, std::exception_ptr& thrown) -> io::task<void> {
    try {
      auto work = what();
      co_await std::move(work);
    } catch (...) {
      thrown = std::current_exception();
    }
    on.stop();
  };
  io::start(whole(loop, body, failed), [](std::exception_ptr) {});
  loop.run(nullptr);
  if (failed)
    std::rethrow_exception(failed);
}

// Writes, and reads what comes back next.
inline io::task<std::string> ask(io::stream& on, std::string text) {
  iovec piece{text.data(), text.size()};
  const io::io_result sent = co_await on.write({&piece, 1}, io::no_deadline);
  CHECK(sent.what == io::status::ok);
  std::string room(4096, '\0');
  const io::io_result got = co_await on.read(room, io::no_deadline);
  room.resize(got.bytes);
  co_return room;
}

} // namespace upstream_test
