// The admin plane's HTTP: methods, framing, bounds, and clients that are slow or rude.
#include "tests/proxy/admin/plane.hpp"

using namespace proxy::admin::test;
namespace json = boost::json;
using std::chrono::milliseconds;

namespace {

// What the server says to these bytes before it closes; the client keeps its end open.
std::string said_to(plane& p, std::string_view bytes) {
  connection c{p.port()};
  c.send(bytes);
  return c.read_to_end();
}

std::string head(std::string_view line, std::string_view more = "") {
  return std::string(line) + "\r\nHost: localhost\r\nAuthorization: Bearer " +
         std::string(admin_key) + "\r\n" + std::string(more) + "\r\n";
}

struct in_a_hurry : plane {
  in_a_hurry()
      : plane("127.0.0.1:0", {.idle = milliseconds{60'000},
                              .head = milliseconds{50},
                              .body = milliseconds{50},
                              .write = milliseconds{30'000},
                              .linger = milliseconds{50}}) {}
};

} // namespace

TEST_CASE("admin wire: unknown paths are 404, unknown methods 405 with Allow") {
  plane p;
  const std::string id = text(p.create(R"({"name": "x"})"), "id");
  for (const std::string& target :
       {std::string("/assets/"), std::string("/assets/nothing.js"),
        std::string("/assets/../v1/keys"), std::string("/v1"), std::string("/v1/keys/"),
        "/v1/keys/" + id + "/", "/v1/keys/" + id + "/other", std::string("//v1/keys"),
        std::string("/v1/../v1/keys")}) {
    INFO(target);
    const auto answer = p.call("GET", target);
    CHECK(answer.status == 404);
    CHECK(answer.field("content-type") == "application/json");
    CHECK(text(answer.error(), "type") == "invalid_request_error");
  }
  for (const auto& [method, target, allow] :
       {std::tuple{"PUT", std::string("/v1/keys"), "POST, GET, HEAD"},
        {"DELETE", "/v1/keys", "POST, GET, HEAD"},
        {"POST", "/v1/keys/" + id, "GET, HEAD, PATCH, DELETE"},
        {"OPTIONS", "/v1/keys/" + id, "GET, HEAD, PATCH, DELETE"},
        {"GET", "/v1/keys/" + id + "/activate", "POST"},
        {"HEAD", "/v1/keys/" + id + "/deactivate", "POST"},
        {"POST", "/health", "GET, HEAD"},
        {"BREW", "/v1/audit", "GET, HEAD"}}) {
    INFO(method << " " << target);
    const auto answer = p.call(method, target);
    CHECK(answer.status == 405);
    CHECK(answer.field("allow") == allow);
  }
}

TEST_CASE("admin wire: HEAD is GET without its body") {
  plane p;
  const std::string path = "/v1/keys/" + text(p.create(R"({"name": "x"})"), "id");
  connection c{p.port()};
  for (const std::string& target :
       {path, std::string("/health"), std::string("/nothing"), std::string("/v1/ledger")}) {
    INFO(target);
    const auto whole = p.call("GET", target);
    c.send(plane::text_of("HEAD", target));
    const auto answer = c.read(true);
    REQUIRE(answer.has_value());
    CHECK(answer->status == whole.status);
    auto fields = answer->fields;
    auto of_whole = whole.fields;
    if (target == "/nothing") { // the message names the method
      CHECK(fields.erase("content-length") == 1);
      of_whole.erase("content-length");
    }
    CHECK(fields == of_whole);
    CHECK(answer->body.empty());
  }
  c.send(plane::text_of("GET", path)); // nothing of the others is left over on the connection
  CHECK(c.read()->body == p.call("GET", path).body);
}

TEST_CASE("admin wire: one connection serves call after call, pipelined ones too") {
  plane p;
  connection c{p.port()};
  std::string calls;
  for (int i = 0; i < 20; ++i)
    calls += plane::text_of("POST", "/v1/keys", R"({"name": "k)" + std::to_string(i) + "\"}");
  c.send(calls);
  for (int i = 0; i < 20; ++i) {
    const auto answer = c.read();
    REQUIRE(answer.has_value());
    CHECK(text(answer->json(), "name") == "k" + std::to_string(i));
  }
  CHECK(p.store().list().size() == 20);
  c.send(head("GET /health HTTP/1.1", "Connection: close\r\n"));
  CHECK(c.read()->field("connection") == "close");
  CHECK_FALSE(c.read().has_value());
  CHECK(said_to(p, head("GET /health HTTP/1.0")).starts_with("HTTP/1.0 200"));
}

TEST_CASE("admin wire: a body comes chunked, and in single bytes") {
  plane p;
  connection c{p.port()};
  const std::string chunked = head("POST /v1/keys HTTP/1.1", "Transfer-Encoding: chunked\r\n") +
                              "7;x=y\r\n{\"name\"\r\n4\r\n:\"a\"\r\n1\r\n}\r\n0\r\n\r\n";
  for (const char byte : chunked)
    c.send({&byte, 1});
  CHECK(text(c.read()->json(), "name") == "a");
  c.send(head("POST /v1/keys HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 12\r\n"));
  CHECK(c.read(true)->status == 100);
  c.send(R"({"name":"b"})");
  CHECK(text(c.read()->json(), "name") == "b");
}

TEST_CASE("admin wire: what is not HTTP is refused, and nothing is done") {
  plane p;
  const std::string body = R"({"name":"x"})";
  const std::string length = "Content-Length: 12\r\n";
  for (const std::string& bytes :
       {std::string("hello\r\n\r\n"), std::string("GET\r\n\r\n"), std::string("\x16\x03\x01\x02"),
        std::string("GET / HTTP/3.0\r\nHost: localhost\r\n\r\n"),
        head("POST /v1/keys HTTP/1.1", "Content-Length: 12\r\nContent-Length: 13\r\n") + body + "x",
        head("POST /v1/keys HTTP/1.1", length + "Transfer-Encoding: chunked\r\n") + body,
        head("POST /v1/keys HTTP/1.1", "Transfer-Encoding: chunked\r\n" + length) + body,
        head("POST /v1/keys HTTP/1.1", "Content-Length: +12\r\n") + body,
        head("POST /v1/keys HTTP/1.1", "Content-Length: -1\r\n") + body,
        head("POST /v1/keys HTTP/1.1", "Content-Length: 99999999999999999999\r\n") + body,
        head("POST /v1/keys HTTP/1.1", "Transfer-Encoding: chunked\r\n") + "zz\r\n" + body,
        head("POST /v1/keys HTTP/1.1", "Bad Field: x\r\n" + length) + body,
        head("POST /v1/keys HTTP/1.1", "No-Colon\r\n" + length) + body,
        head("POST /v1/keys HTTP/1.1", std::string("Nul: a\0b\r\n", 10) + length) + body,
        head("GET /v1/keys HTTP/1.1 x")}) {
    const std::string answer = said_to(p, bytes);
    INFO(bytes << " -> " << answer);
    CHECK(answer.starts_with("HTTP/1.1 4"));
    CHECK(answer.find("Connection: close") != std::string::npos);
    CHECK(answer.find(admin_key) == std::string::npos);
  }
  CHECK(p.store().list().empty());
}

TEST_CASE("admin wire: a body over 1 MiB is refused before or while it comes") {
  plane p;
  const std::string big(5u << 20, 'x');
  const std::string told = said_to(
      p, head("POST /v1/keys HTTP/1.1", "Connection: close\r\nContent-Length: 1048577\r\n") +
             std::string(1048577, 'x'));
  CHECK(told.starts_with("HTTP/1.1 413"));
  const std::string chunked =
      said_to(p, head("POST /v1/keys HTTP/1.1", "Transfer-Encoding: chunked\r\n") + "500000\r\n" +
                     big.substr(0, 0x500000) + "\r\n0\r\n\r\n");
  CHECK(chunked.starts_with("HTTP/1.1 413"));
  CHECK(chunked.find("1 MiB") != std::string::npos);
  // The most that is accepted, and a 401 whose body nobody wants.
  std::string most = R"({"name":"x"})";
  most.resize(1u << 20, ' ');
  CHECK(p.call("POST", "/v1/keys", most).status == 201);
  call_options stranger;
  stranger.authorization = "";
  CHECK(p.call("POST", "/v1/keys", most, stranger).status == 401);
}

TEST_CASE("admin wire: a head over 32 KiB is refused") {
  plane p;
  for (const std::string& bytes :
       {head("GET /health HTTP/1.1", "X: " + std::string(40'000, 'x') + "\r\n"),
        head("GET /" + std::string(200'000, 'x') + " HTTP/1.1")}) {
    const std::string answer = said_to(p, bytes);
    CHECK(answer.substr(0, 200).starts_with("HTTP/1.1 431"));
  }
}

TEST_CASE("admin wire: a head or body that does not arrive in time is a 408") {
  in_a_hurry p;
  for (const std::string& bytes :
       {std::string("G"), std::string("GET /health HTTP/1.1\r\nHost: loc"),
        head("POST /v1/keys HTTP/1.1", "Content-Length: 12\r\n") + "{\"name\"",
        head("POST /v1/keys HTTP/1.1", "Transfer-Encoding: chunked\r\n") + "7\r\n{\"na"}) {
    const std::string answer = said_to(p, bytes);
    INFO(bytes << " -> " << answer);
    CHECK(answer.starts_with("HTTP/1.1 408"));
    CHECK(answer.find("request_timeout") != std::string::npos);
  }
  CHECK(p.store().list().empty());
}

TEST_CASE("admin wire: bytes that trickle in do not move a deadline") {
  in_a_hurry p;
  connection c{p.port()};
  c.send("GET /health HTTP/1.1\r\nX: ");
  int sent = 0;
  for (; sent < 4000 && !c.hears_within(milliseconds{5}); ++sent)
    c.send("x");
  INFO(sent << " bytes");
  CHECK(sent > 1);
  CHECK(c.read_to_end().starts_with("HTTP/1.1 408"));
}

TEST_CASE("admin wire: clients that leave in mid-call, or say nothing, hold nobody up") {
  plane p;
  std::vector<std::unique_ptr<connection>> silent;
  for (int i = 0; i < 50; ++i)
    silent.push_back(std::make_unique<connection>(p.port()));
  for (const std::string& bytes :
       {std::string(), std::string("GET /he"), head("GET /v1/keys HTTP/1.1"),
        head("POST /v1/keys HTTP/1.1", "Content-Length: 12\r\n") + "{"}) {
    connection c{p.port()};
    c.send(bytes);
  }
  connection half{p.port()};
  half.send(head("POST /v1/keys HTTP/1.1", "Content-Length: 12\r\n") + "{\"name\"");
  half.end_sending();
  CHECK(half.read_to_end().empty());
  CHECK(p.call("GET", "/health").status == 200);
  CHECK(p.store().list().empty());
}

TEST_CASE("admin wire: a second plane on the same address says so") {
  plane p;
  plane other;
  proxy::admin::admin_context context{.store = other.store(),
                                      .directory = other.directory(),
                                      .admin_key = {},
                                      .metrics = [] { return std::string(); },
                                      .now = [] { return noon; },
                                      .random = [](std::span<std::byte>) {},
                                      .prices = nullptr};
  proxy::admin::admin_server second{std::move(context)};
  const auto taken = second.start("127.0.0.1:" + std::to_string(p.port()));
  REQUIRE(taken.has_error());
  CHECK(taken.error().code == proxy::errc::address_in_use);
  CHECK(taken.error().message.find(std::to_string(p.port())) != std::string::npos);
  const auto nonsense = second.start("localhost");
  REQUIRE(nonsense.has_error());
  CHECK(nonsense.error().code == proxy::errc::bad_configuration);
}
