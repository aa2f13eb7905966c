// TLS towards the upstream: who is believed, what is sent, and that nothing else ever gets a byte.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/proxy/upstream/loop.hpp"
#include "tests/proxy/upstream/servers.hpp"

using namespace upstream_test;

namespace {

// An authority of the test's own, and its certificate in a file.
class authority {
 public:
  authority() {
    std::string pattern = (std::filesystem::temp_directory_path() / "authority-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
    std::ofstream(file()) << own.pem();
  }
  ~authority() { std::filesystem::remove_all(directory_); }
  authority(const authority&) = delete;
  authority& operator=(const authority&) = delete;

  std::string file() const { return (directory_ / "ca.pem").string(); }
  identity issue(const certificate_request& wanted) const { return make_identity(wanted, &own); }

  const identity own = make_identity({.names = "", .may_sign = true}, nullptr);

 private:
  std::filesystem::path directory_;
};

struct visit {
  std::string said; // "connected", or the failure
  std::string answer;
  tls_server::seen seen;
};

// Connects to a server with this identity as `host`, and if that succeeds asks something.
visit visit_as(const std::string& host, const std::string& ca_file, const identity& own,
               int version = 0) {
  tls_server server(server_context(own, version));
  const upstream::resolver names("127.0.0.1", server.port());
  const auto context = upstream::make_client_context(ca_file);
  REQUIRE(context.has_value());
  io::reactor loop;
  upstream::pool connections(loop, names, {.host = host, .tls = context->get()});
  visit result;
  drive(loop, [&]() -> io::task<void> {
    auto connecting = connections.connect();
    auto made = co_await std::move(connecting);
    result.said = made ? "connected" : made.error().message;
    if (!made)
      co_return;
    auto asking = ask(**made, "hello");
    result.answer = co_await std::move(asking);
    (*made)->close();
  });
  result.seen = server.end();
  return result;
}

void check_refused(const visit& v, const std::string& why) {
  CHECK(v.said == "cannot connect to api.test: " + why);
  CHECK(v.seen.lines.empty());
}

const std::string not_accepted = "its TLS certificate is not accepted: ";

} // namespace

TEST_CASE("tls: a certificate of the given authority for the host is accepted, and SNI is sent") {
  const authority ca;
  const visit v = visit_as("api.test", ca.file(), ca.issue({.names = "DNS:api.test"}));
  CHECK(v.said == "connected");
  CHECK(v.answer == "HELLO");
  CHECK(v.seen.names == std::vector<std::string>{"api.test"});
  CHECK(v.seen.lines == std::vector<std::string>{"hello"});
}

TEST_CASE("tls: an address is checked as an address, and is no SNI") {
  const authority ca;
  const visit v = visit_as("127.0.0.1", ca.file(), ca.issue({.names = "IP:127.0.0.1"}));
  CHECK(v.said == "connected");
  CHECK(v.seen.names == std::vector<std::string>{"-"});
  const visit six = visit_as("2001:db8::1", ca.file(), ca.issue({.names = "IP:2001:db8::1"}));
  CHECK(six.said == "connected");
  for (const std::string names : {"IP:127.0.0.2", "DNS:127.0.0.1"}) {
    const visit other = visit_as("127.0.0.1", ca.file(), ca.issue({.names = names}));
    CHECK(other.said == "cannot connect to 127.0.0.1: " + not_accepted + "IP address mismatch");
  }
}

TEST_CASE("tls: a certificate for another host is refused, and nothing is sent") {
  const authority ca;
  for (const std::string names : {"DNS:other.test", "DNS:api.test.evil", "DNS:evil-api.test",
                                  "DNS:*.api.test", "DNS:a*.test", "DNS:test", "IP:127.0.0.1"}) {
    INFO(names);
    const visit v = visit_as("api.test", ca.file(), ca.issue({.names = names}));
    check_refused(v, not_accepted + "hostname mismatch");
    CHECK(v.seen.names == std::vector<std::string>{"api.test"});
  }
}

TEST_CASE("tls: a wildcard stands for one label") {
  const authority ca;
  const identity wild = ca.issue({.names = "DNS:*.api.test"});
  CHECK(visit_as("eu.api.test", ca.file(), wild).said == "connected");
  CHECK(visit_as("a.eu.api.test", ca.file(), wild).said ==
        "cannot connect to a.eu.api.test: " + not_accepted + "hostname mismatch");
}

TEST_CASE("tls: a certificate signed by itself is refused") {
  const authority ca;
  const visit v =
      visit_as("api.test", ca.file(), make_identity({.names = "DNS:api.test"}, nullptr));
  check_refused(v, not_accepted + "self-signed certificate");
}

TEST_CASE("tls: a certificate of another authority is refused") {
  const authority ca, other;
  const visit v = visit_as("api.test", ca.file(), other.issue({.names = "DNS:api.test"}));
  check_refused(v, not_accepted + "unable to get local issuer certificate");
}

TEST_CASE("tls: without a file of its own it believes the system's authorities only") {
  const authority ca;
  const visit v = visit_as("api.test", "", ca.issue({.names = "DNS:api.test"}));
  check_refused(v, not_accepted + "unable to get local issuer certificate");
}

TEST_CASE("tls: a certificate that has expired, or is not valid yet, is refused") {
  const authority ca;
  const visit old =
      visit_as("api.test", ca.file(),
               ca.issue({.names = "DNS:api.test", .valid_from_days = -30, .valid_until_days = -1}));
  check_refused(old, not_accepted + "certificate has expired");
  const visit early =
      visit_as("api.test", ca.file(),
               ca.issue({.names = "DNS:api.test", .valid_from_days = 1, .valid_until_days = 30}));
  check_refused(early, not_accepted + "certificate is not yet valid");
}

TEST_CASE("tls: what is no authority cannot vouch for anybody") {
  const authority ca;
  const identity leaf = ca.issue({.names = "DNS:evil.test"});
  const identity forged = make_identity({.names = "DNS:api.test"}, &leaf);
  context_ptr context = server_context(forged);
  X509_up_ref(leaf.certificate.get());
  REQUIRE(SSL_CTX_add_extra_chain_cert(context.get(), leaf.certificate.get()) == 1);
  tls_server server(std::move(context));
  const upstream::resolver names("127.0.0.1", server.port());
  const auto client = upstream::make_client_context(ca.file());
  REQUIRE(client.has_value());
  io::reactor loop;
  upstream::pool connections(loop, names, {.host = "api.test", .tls = client->get()});
  drive(loop, [&]() -> io::task<void> {
    auto connecting = connections.connect();
    auto made = co_await std::move(connecting);
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().message.find("its TLS certificate is not accepted: invalid CA") !=
          std::string::npos);
  });
  CHECK(server.end().lines.empty());
}

TEST_CASE("tls: 1.2 and 1.3 are spoken, nothing older") {
  const authority ca;
  const identity own = ca.issue({.names = "DNS:api.test"});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const visit v = visit_as("api.test", ca.file(), own, version);
    CHECK(v.said == "connected");
    CHECK(v.answer == "HELLO");
    CHECK(v.seen.protocol == version);
  }
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    const visit v = visit_as("api.test", ca.file(), own, version);
    check_refused(v, "the TLS handshake failed: it speaks no TLS 1.2 or newer, or hung up");
    CHECK(v.seen.handshakes_done == 0);
    CHECK(v.seen.handshakes_failed == 1);
  }
}

TEST_CASE("tls: an authorities' file that is absent or no PEM is named at the start") {
  const auto absent = upstream::make_client_context("/nonexistent/ca.pem");
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().code == proxy::errc::bad_configuration);
  CHECK(absent.error().message ==
        "upstream.ca_file: cannot load certificates from /nonexistent/ca.pem");
  const authority ca;
  std::ofstream(ca.file()) << "no certificate\n";
  CHECK_FALSE(upstream::make_client_context(ca.file()).has_value());
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("tls: a server that hangs up in the handshake is unreachable") {
  const listener server;
  const upstream::resolver names("127.0.0.1", server.port());
  const auto context = upstream::make_client_context("");
  REQUIRE(context.has_value());
  for (const std::string_view answer : {"", "HTTP/1.1 400 Bad Request\r\n\r\n"}) {
    io::reactor loop;
    upstream::pool connections(loop, names, {.host = "api.test", .tls = context->get()});
    std::thread other([&] {
      peer theirs = server.accept();
      theirs.hear();
      if (!answer.empty())
        theirs.say(answer);
      theirs.close();
    });
    drive(loop, [&]() -> io::task<void> {
      auto connecting = connections.connect();
      auto made = co_await std::move(connecting);
      REQUIRE_FALSE(made.has_value());
      CHECK(made.error().message == "cannot connect to api.test: the TLS handshake failed: it "
                                    "speaks no TLS 1.2 or newer, or hung up");
    });
    other.join();
  }
}
