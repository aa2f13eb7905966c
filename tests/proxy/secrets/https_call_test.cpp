// The call itself: deadlines, bounds, certificates, and what it takes for a URL.
#include <fstream>

#include "proxy/secrets/https_call.hpp"
#include "proxy/secrets/url.hpp"
#include "tests/proxy/config/support.hpp"
#include "tests/proxy/secrets/recording_server.hpp"
#include "tests/proxy/upstream/certificates.hpp"
#include "tests/proxy/upstream/servers.hpp"

namespace secrets = proxy::secrets;
using proxy::errc;
using secrets_test::has;
using secrets_test::recording_server;
using std::chrono::milliseconds;

namespace {

proxy::outcome<secrets::http_answer> get(const std::string& url, milliseconds timeout,
                                         const std::stop_token& stop = {}) {
  const secrets::http_request request{.url = url, .headers = {}, .body = "", .timeout = timeout};
  return secrets::https_call(request, stop);
}

// One TLS connection, answered with 200 and "ok".
class https_server {
 public:
  explicit https_server(upstream_test::context_ptr context)
      : context_(std::move(context)), thread_([this] { serve(); }) {}
  ~https_server() { thread_.join(); }
  std::string url(const std::string& host) const {
    return "https://" + host + ":" + std::to_string(listener_.port()) + "/";
  }

 private:
  void serve() {
    const upstream_test::peer client = listener_.accept();
    SSL* tls = SSL_new(context_.get());
    SSL_set_fd(tls, client.descriptor());
    char block[4096];
    if (SSL_accept(tls) == 1 && SSL_read(tls, block, sizeof block) > 0) {
      constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
      SSL_write(tls, answer.data(), static_cast<int>(answer.size()));
    }
    SSL_free(tls);
  }
  upstream_test::context_ptr context_;
  upstream_test::listener listener_;
  std::thread thread_;
};

} // namespace

TEST_CASE("call: a server that never answers is given up at the deadline") {
  recording_server server({}, recording_server::manner::silent);
  const auto answer = get(server.url(), milliseconds{20});
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == errc::upstream_timeout);
  CHECK(answer.error().message ==
        "reading the answer (" + server.address() + "): not done within 20 ms");
}

TEST_CASE("call: who ends the proxy ends the wait") {
  recording_server server({}, recording_server::manner::silent);
  std::stop_source ending;
  ending.request_stop();
  const auto answer = get(server.url(), std::chrono::hours{1}, ending.get_token());
  REQUIRE_FALSE(answer.has_value());
  CHECK(has(answer.error().message, "given up, for the proxy ends"));
}

TEST_CASE("call: a port where nobody listens") {
  const upstream_test::listener bound{upstream_test::listener::state::bound_only};
  const auto answer =
      get("http://127.0.0.1:" + std::to_string(bound.port()), std::chrono::seconds{10});
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == errc::upstream_unreachable);
  CHECK(has(answer.error().message, "Connection refused"));
}

TEST_CASE("call: an answer of the longest size, and one byte more") {
  recording_server server({{200, std::string(secrets::answer_bytes_max, 'a')},
                           {200, std::string(secrets::answer_bytes_max + 1, 'a')}});
  const auto fits = get(server.url(), std::chrono::seconds{10});
  REQUIRE(fits.has_value());
  CHECK(fits->body.size() == secrets::answer_bytes_max);
  const auto longer = get(server.url(), std::chrono::seconds{10});
  REQUIRE_FALSE(longer.has_value());
  CHECK(longer.error().code == errc::upstream_malformed);
}

TEST_CASE("call: TLS only with a certificate of a known authority for this very name") {
  using upstream_test::make_identity;
  const auto authority = make_identity({.names = "DNS:authority.test", .may_sign = true}, nullptr);
  const auto own = make_identity({.names = "IP:127.0.0.1"}, &authority);
  const config_test::directory here;
  const std::string known = here.write("ca.pem", authority.pem()).string();
  const std::string others = here.write("other.pem", own.pem()).string();
  struct row {
    std::string host, ca_file;
    bool accepted;
  };
  for (const row& each : {row{"127.0.0.1", known, true}, row{"localhost", known, false},
                          row{"127.0.0.1", "", false}}) {
    INFO(each.host << " " << each.ca_file);
    const https_server server{upstream_test::server_context(own)};
    const auto answer = secrets::https_call(
        {.url = server.url(each.host), .headers = {}, .body = "", .ca_file = each.ca_file}, {});
    CHECK(answer.has_value() == each.accepted);
    if (answer)
      CHECK(answer->body == "ok");
    else
      CHECK(has(answer.error().message, "agreeing on TLS"));
  }
  const auto absent = secrets::https_call(
      {.url = "https://127.0.0.1:1/", .headers = {}, .body = "", .ca_file = "/nonexistent"}, {});
  CHECK_FALSE(absent.has_value());
}

TEST_CASE("url: host, port and target") {
  const auto to = secrets::locate("https://[::1]:8443/a/b?c=d");
  REQUIRE(to.has_value());
  CHECK(to->tls);
  CHECK(to->host == "::1");
  CHECK(to->host_field() == "[::1]:8443");
  CHECK(to->path() == "/a/b");
  CHECK(to->query() == "c=d");
  CHECK(secrets::locate("http://host?x")->target == "/?x");
  CHECK(secrets::locate("http://host")->host_field() == "host");
  for (const char* wrong :
       {"", "host", "ftp://host/", "http://", "http://u:p@host/", "http://host/a b",
        "http://host/\r\nX: y", "http://host/#f", "http://host:0/"}) {
    INFO(wrong);
    CHECK_FALSE(secrets::locate(wrong).has_value());
  }
  CHECK(secrets::form({{"a b", "c&d"}, {"e", "~-._"}}) == "a%20b=c%26d&e=~-._");
}
