// Connections that do not come about: what is told, how soon, and that the loop's end ends waiting.
#include <netinet/in.h>

#include "tests/proxy/upstream/loop.hpp"
#include "tests/proxy/upstream/servers.hpp"

using namespace upstream_test;
using std::chrono::milliseconds;

namespace {

constexpr auto host = "upstream.test";

// The failure's words; checks that it may be tried again.
io::task<std::string> failure_of(upstream::pool& connections) {
  auto connecting = connections.connect();
  auto made = co_await std::move(connecting);
  if (made) {
    (*made)->close();
    co_return "connected";
  }
  CHECK(made.error().code == proxy::errc::upstream_unreachable);
  CHECK(proxy::safe_to_retry(made.error().code));
  CHECK(connections.opened() == 0);
  co_return made.error().message;
}

std::string failure_at(const upstream::resolver& names, upstream::pool_settings settings) {
  io::reactor loop;
  upstream::pool connections(loop, names, std::move(settings));
  std::string said;
  drive(loop, [&]() -> io::task<void> {
    auto failing = failure_of(connections);
    said = co_await std::move(failing);
  });
  return said;
}

} // namespace

TEST_CASE("pool: a port nobody listens on is unreachable, which is safe to retry") {
  const listener nobody(listener::state::bound_only);
  const upstream::resolver names("127.0.0.1", nobody.port());
  CHECK(failure_at(names, {.host = host}) ==
        "cannot connect to upstream.test: refused, or there is no way to it");
}

TEST_CASE("pool: a host that does not answer is given up after the time to connect") {
  listener full(listener::state::listening, 0);
  full.fill_backlog();
  const upstream::resolver names("127.0.0.1", full.port());
  CHECK(failure_at(names, {.host = host, .connect_timeout = milliseconds{150}}) ==
        "cannot connect to upstream.test: timed out");
}

TEST_CASE("pool: a host that accepts and says nothing is given up within the same time") {
  const listener silent;
  const upstream::resolver names("127.0.0.1", silent.port());
  const auto context = upstream::make_client_context("");
  REQUIRE(context.has_value());
  CHECK(failure_at(names,
                   {.host = host, .tls = context->get(), .connect_timeout = milliseconds{150}}) ==
        "cannot connect to upstream.test: timed out");
  const peer theirs = silent.accept();
  CHECK(theirs.hear().starts_with("\x16\x03")); // a handshake's record, and never a request
  CHECK(theirs.hear() == "");
}

TEST_CASE("pool: a name without an address is said to have none") {
  const upstream::resolver names("a..b", 443);
  CHECK(failure_at(names, {.host = host}) ==
        "cannot connect to upstream.test: its name has no address yet");
}

TEST_CASE("pool: whichever of a name's addresses answers is used") {
  const listener server; // on 127.0.0.1 only; localhost may be ::1 too
  const upstream::resolver names("localhost", server.port());
  io::reactor loop;
  upstream::pool connections(loop, names, {.host = "localhost"});
  drive(loop, [&]() -> io::task<void> {
    for (int i = 1; i <= 3; ++i) {
      auto connecting = connections.connect();
      auto made = co_await std::move(connecting);
      REQUIRE(made.has_value());
      CHECK(connections.opened() == static_cast<std::uint64_t>(i));
      (*made)->close();
    }
  });
}

TEST_CASE("pool: the loop's end ends a connection in the making") {
  const listener silent;
  const upstream::resolver names("127.0.0.1", silent.port());
  const auto context = upstream::make_client_context("");
  REQUIRE(context.has_value());
  io::reactor loop;
  upstream::pool connections(loop, names, {.host = host, .tls = context->get()});
  std::string said = "still waiting";
  const auto wait = [](upstream::pool& on, std::string& into) -> io::task<void> {
    auto failing = failure_of(on);
    into = co_await std::move(failing);
  };
  io::start(wait(connections, said), [](std::exception_ptr) { FAIL("the task threw"); });
  loop.stop();
  loop.run(nullptr);
  CHECK(said == "cannot connect to upstream.test: the proxy ends");
}

TEST_CASE("resolver: an address is its own endpoint, at once") {
  const upstream::resolver four("192.0.2.7", 8443);
  const auto found = four.endpoints();
  REQUIRE(found.size() == 1);
  CHECK(found[0].address.ss_family == AF_INET);
  const auto* address = reinterpret_cast<const sockaddr_in*>(&found[0].address);
  CHECK(ntohs(address->sin_port) == 8443);
  CHECK(ntohl(address->sin_addr.s_addr) == 0xC0000207u);
  CHECK(found[0].length == sizeof(sockaddr_in));

  const upstream::resolver six("2001:db8::7", 1);
  const auto found_six = six.endpoints();
  REQUIRE(found_six.size() == 1);
  CHECK(found_six[0].address.ss_family == AF_INET6);
  const auto* address_six = reinterpret_cast<const sockaddr_in6*>(&found_six[0].address);
  CHECK(ntohs(address_six->sin6_port) == 1);
  CHECK(address_six->sin6_addr.s6_addr[15] == 7);
}

TEST_CASE("resolver: what has no address gives none, and does not hold up the end") {
  const upstream::resolver names("a..b", 443);
  CHECK(names.endpoints().empty());
}
