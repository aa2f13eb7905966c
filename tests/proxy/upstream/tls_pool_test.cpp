// Idle connections with TLS, whose own buffer and messages make their state harder to see.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/proxy/upstream/loop.hpp"
#include "tests/proxy/upstream/servers.hpp"

using namespace upstream_test;

namespace {

// A server that the pool's context believes.
struct secure_bench {
  identity ca = make_identity({.names = "", .may_sign = true}, nullptr);
  identity own = make_identity({.names = "DNS:api.test"}, &ca);
  tls_server server;
  upstream::resolver names{"127.0.0.1", server.port()};
  upstream::tls_context context;
  io::reactor loop;
  upstream::pool connections;

  explicit secure_bench(int version)
      : server(server_context(own, version)), context(trusting(ca)),
        connections(loop, names, {.host = "api.test", .tls = context.get()}) {}

  static upstream::tls_context trusting(const identity& whom) {
    std::string file = (std::filesystem::temp_directory_path() / "authority-XXXXXX").string();
    const int fd = ::mkstemp(file.data());
    REQUIRE(fd >= 0);
    ::close(fd);
    std::ofstream(file) << whom.pem();
    auto made = upstream::make_client_context(file);
    std::filesystem::remove(file);
    REQUIRE(made.has_value());
    return std::move(*made);
  }

  io::task<io::stream*> open() {
    auto connecting = connections.connect();
    auto made = co_await std::move(connecting);
    REQUIRE(made.has_value());
    co_return *made;
  }
};

} // namespace

TEST_CASE("tls pool: a connection is kept and used again, with one handshake") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  secure_bench b(version);
  drive(b.loop, [&]() -> io::task<void> {
    auto opening = b.open();
    io::stream* mine = co_await std::move(opening);
    next_turn turn{b.loop};
    for (int i = 0; i < 5; ++i) {
      auto asking = ask(*mine, "hello");
      const std::string answer = co_await std::move(asking);
      CHECK(answer == "HELLO");
      b.connections.give_back(*mine);
      co_await turn;
      REQUIRE(b.connections.idle_count() == 1);
      REQUIRE(b.connections.take_idle() == mine);
    }
    mine->close();
  });
  const tls_server::seen seen = b.server.end();
  CHECK(seen.handshakes_done == 1);
  CHECK(seen.lines.size() == 5);
}

TEST_CASE("tls pool: an orderly end while idle is noticed and not used") {
  secure_bench b(GENERATE(TLS1_2_VERSION, TLS1_3_VERSION));
  drive(b.loop, [&]() -> io::task<void> {
    auto opening = b.open();
    io::stream* mine = co_await std::move(opening);
    auto asking = ask(*mine, "hello");
    const std::string answer = co_await std::move(asking);
    CHECK(answer == "HELLO");
    std::string last = "bye";
    iovec piece{last.data(), last.size()};
    const io::io_result sent = co_await mine->write({&piece, 1}, io::no_deadline);
    CHECK(sent.what == io::status::ok);
    b.connections.give_back(*mine);
    auto waiting = until(b.loop, [&] { return b.connections.idle_count() == 0; });
    co_await std::move(waiting);
    CHECK(b.connections.idle_count() == 0);
    CHECK(b.connections.take_idle() == nullptr);
  });
}

TEST_CASE("tls pool: a second record in TLS's own buffer keeps a connection from being kept") {
  secure_bench b(GENERATE(TLS1_2_VERSION, TLS1_3_VERSION));
  drive(b.loop, [&]() -> io::task<void> {
    auto opening = b.open();
    io::stream* mine = co_await std::move(opening);
    auto asking = ask(*mine, "twice");
    const std::string answer = co_await std::move(asking);
    CHECK(answer == "TWICE");
    // The socket is empty by now: no edge would ever tell of the second answer.
    b.connections.give_back(*mine);
    CHECK(b.connections.idle_count() == 0);
    CHECK(b.connections.take_idle() == nullptr);
  });
}
