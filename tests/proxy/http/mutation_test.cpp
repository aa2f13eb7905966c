// A hundred thousand broken heads and bodies: never a crash, and the fast readers accept exactly
// what the slow one accepts, and read the same out of it.
#include <random>
#include <string>
#include <vector>

#include "proxy/http/chunked.hpp"
#include "proxy/http/octets.hpp"
#include "tests/proxy/http/beast_reader.hpp"
#include "tests/proxy/http/heads.hpp"
#include "tests/proxy/http/slow_reader.hpp"
#include "tests/support/catch.hpp"

using namespace heads;
using namespace std::string_literals;
using proxy::http::framing;

namespace {

using texts = std::vector<std::string>;

const texts fragments = {"\r\n",
                         "\n",
                         "\r",
                         "\r\n ",
                         "\r\n\t",
                         " ",
                         "\t",
                         ":",
                         ",",
                         ";",
                         "\0"s,
                         "\x0b",
                         "\x7f",
                         "\xff",
                         "%",
                         "%0a",
                         "%2f",
                         "/",
                         "?",
                         "*",
                         "_",
                         "-",
                         "\"",
                         "\\",
                         "0",
                         "5",
                         "chunked",
                         "close",
                         "keep-alive",
                         "upgrade",
                         "HTTP/1.0",
                         "HTTP/1.1",
                         "GET",
                         "OPTIONS",
                         "http://proxy.test",
                         "proxy.test",
                         "Host: ",
                         "[::1]",
                         "\r\nHost: a",
                         "\r\nContent-Length: 5",
                         "\r\nContent-Length: 0",
                         "\r\nTransfer-Encoding: chunked",
                         "\r\nConnection: close",
                         "\r\nTransfer-Encoding: gzip",
                         "\r\nContent_Length: 5",
                         "\r\nX: y",
                         "\r\nAuthorization: b",
                         "\r\nExpect: 100-continue",
                         "\r\n\r\n",
                         "=a",
                         ";a=\"b\"",
                         "1\r\nx\r\n",
                         "0\r\n",
                         "X: y\r\n",
                         "Host: x\r\n",
                         "Alt-Svc: x\r\n"};

std::string mutate(std::string text, const texts& samples, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % (n + 1)); };
  for (std::size_t edits = 1 + below(2); edits > 0; --edits) {
    const std::size_t at = below(text.size());
    switch (random() % 7) {
    case 0:
      text.insert(at, fragments[below(fragments.size() - 1)]);
      break;
    case 1:
      text.erase(at, 1 + below(3));
      break;
    case 2:
      if (at < text.size())
        text[at] = static_cast<char>(random() % 256);
      break;
    case 3: // case, or a neighbouring octet
      if (at < text.size())
        text[at] = static_cast<char>(text[at] ^ (1 << random() % 8));
      break;
    case 4: // a line once more, somewhere
      if (const std::size_t begin = text.rfind("\r\n", at); begin != std::string::npos) {
        const std::size_t end = text.find("\r\n", begin + 2);
        const std::size_t into = text.find("\r\n", below(text.size()));
        if (end != std::string::npos && into != std::string::npos)
          text.insert(into, text.substr(begin, end - begin));
      }
      break;
    case 5: // the rest of another sample
      text = text.substr(0, at);
      if (const std::string& other = samples[below(samples.size() - 1)]; !other.empty())
        text += other.substr(below(other.size() - 1));
      break;
    default:
      text.replace(at, std::min<std::size_t>(2, text.size() - at),
                   fragments[below(fragments.size() - 1)]);
    }
  }
  return text;
}

// Bytes without a terminator behind them, so that a sanitizer sees reads past the end.
struct exact {
  explicit exact(const std::string& text) : bytes(text.begin(), text.end()) {}
  std::string_view view() const { return {bytes.data(), bytes.size()}; }
  std::vector<char> bytes;
};

template <class Head>
bool same_fields(const Head& fast, const slow::fields& judge) {
  if (fast.field_count != judge.size())
    return false;
  for (std::size_t i = 0; i < judge.size(); ++i)
    if (fast.fields[i].name != judge[i].first || fast.fields[i].value != judge[i].second)
      return false;
  return true;
}

std::string agree_on_request(const std::string& text, request_head& fast) {
  const exact bytes{text};
  const auto error = proxy::http::parse_request_head(fast, bytes.view(), {});
  const auto judge = slow::read_request(text);
  if (error.has_value() == judge.has_value())
    return error ? "refused, but the judge accepts" : "accepted, but the judge refuses";
  std::size_t scanned = 0;
  const auto end = proxy::http::find_head_end(bytes.view(), scanned, {});
  if (!judge)
    return "";
  if (end.error || end.length != text.size())
    return "its end was not found";
  if (fast.method != judge->method || fast.target != judge->target || fast.host != judge->host ||
      fast.http_1_1 != judge->http_1_1 || fast.keep_alive != judge->keep_alive)
    return "read differently";
  const framing body = judge->chunked  ? framing::chunked
                       : judge->length ? framing::length
                                       : framing::none;
  if (fast.body != body || fast.content_length != judge->length.value_or(0))
    return "framed differently";
  if (!same_fields(fast, judge->all))
    return "fields differ";
  const std::string_view head = bytes.view();
  return beast_agrees<true>(head.substr(head.starts_with("\r\n") ? 2 : 0), fast);
}

std::string agree_on_response(const std::string& text, response_head& fast) {
  const exact bytes{text};
  const auto error = proxy::http::parse_response_head(fast, bytes.view(), false, {});
  const auto judge = slow::read_response(text);
  if (error.has_value() == judge.has_value())
    return error ? "refused, but the judge accepts" : "accepted, but the judge refuses";
  if (!judge)
    return "";
  std::size_t scanned = 0;
  const auto end = proxy::http::find_response_end(bytes.view(), scanned, {});
  if (end.error || end.length != text.size())
    return "its end was not found";
  const char body = fast.body == framing::none      ? 'n'
                    : fast.body == framing::length  ? 'l'
                    : fast.body == framing::chunked ? 'c'
                                                    : 'u';
  if (fast.status != judge->status || body != judge->body || fast.keep_alive != judge->keep_alive ||
      fast.content_length != judge->length.value_or(0))
    return "read differently";
  if (!same_fields(fast, judge->all))
    return "fields differ";
  return beast_agrees<false>(bytes.view(), fast);
}

std::string agree_on_body(const std::string& text, std::mt19937& random) {
  using proxy::http::chunk_decoder;
  chunk_decoder decoder;
  std::string payload;
  std::size_t consumed = 0;
  chunk_decoder::result last;
  while (consumed < text.size() && last.now == chunk_decoder::state::more) {
    exact piece{text.substr(consumed, 1 + random() % 24)};
    last = decoder.decode(piece.bytes);
    payload.append(piece.bytes.data(), last.payload);
    consumed += last.consumed;
  }
  const auto judge = slow::read_chunked(text);
  const bool done = last.now == chunk_decoder::state::done;
  if (done != judge.has_value())
    return done ? "accepted, but the judge refuses" : "refused, but the judge accepts";
  if (done && (payload != judge->payload || consumed != judge->consumed))
    return "read differently";
  return "";
}

const texts requests = {
    get("/v1/models"),
    get("http://proxy.test/v1/models?limit=1"),
    first_line("OPTIONS * HTTP/1.1"),
    "\r\n" + get("/"),
    "POST /v1/files HTTP/1.0\r\nHost: [::1]:80\r\nContent-Length: 10\r\nConnection: "
    "keep-alive\r\n\r\n",
    post({"Content-Length: 912", "Authorization: Bearer sk-ds-x", "Content-Type: application/json",
          "User-Agent: OpenAI/Python 1.51.0", "Connection: keep-alive", "Accept:\t*/* "}),
    post({"Transfer-Encoding: chunked", "Expect: 100-continue", "x-api-key: a", "Origin: o",
          "Referer: r", "Idempotency-Key: k", "x_custom: y", "Proxy-Connection: a, b"}),
    post({"Connection: upgrade, close", "Upgrade: websocket", "Content-Encoding: gzip",
          "X:", "Y: "})};

const texts responses = {
    ok({"Content-Length: 17", "Content-Type: application/json", "Connection: keep-alive"}),
    ok({"Transfer-Encoding: chunked", "Content-Type: text/event-stream", "Server: x"}),
    ok({"Connection: close"}),
    ok({"Content-Length: 0"}, "HTTP/1.1 204 No Content"),
    ok({}, "HTTP/1.1 100 Continue"),
    ok({"Content-Length: 5"}, "HTTP/1.1 304 Not Modified"),
    ok({"Content-Length: 5", "X:\t y \t", "Z:"}, "HTTP/1.0 429 "),
    ok({"Proxy-Connection: a, b", "Retry-After: 3"}, "HTTP/1.1 599 a b\tc")};

const texts bodies = {"5\r\nhello\r\n0\r\n\r\nGET"s,
                      "0\r\n\r\n",
                      "5;a=\"b;\\\"\";c=d\r\nhello\r\n0;x\r\nX: y\r\n\r\n",
                      "a\r\n0123456789\r\n1\r\nx\r\n000\r\nX-T: v\r\nY:\r\n\r\nrest",
                      "000000000000000A;x=\"\"\r\n0123456789\r\n0\r\n\r\n",
                      "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n00;q\r\nAlt-Svc: x\r\n\r\n"};

constexpr int rounds = 100000;

} // namespace

TEST_CASE("mutation: the samples themselves are read alike") {
  std::mt19937 random{0};
  auto fast = std::make_unique<request_head>();
  for (const std::string& text : requests) {
    INFO(text);
    CHECK(agree_on_request(text, *fast) == "");
    CHECK(slow::read_request(text));
  }
  auto answer_head = std::make_unique<response_head>();
  for (const std::string& text : responses) {
    INFO(text);
    CHECK(agree_on_response(text, *answer_head) == "");
    CHECK(slow::read_response(text));
  }
  for (const std::string& text : bodies) {
    INFO(text);
    CHECK(agree_on_body(text, random) == "");
    CHECK(slow::read_chunked(text));
  }
}

TEST_CASE("mutation: of broken requests exactly the harmless ones are accepted") {
  const unsigned seed = 20270101;
  INFO("seed " << seed);
  std::mt19937 random{seed};
  auto fast = std::make_unique<request_head>();
  int accepted = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::string text = mutate(requests[random() % requests.size()], requests, random);
    const std::string verdict = agree_on_request(text, *fast);
    if (!verdict.empty()) {
      INFO("round " << i << ", " << verdict << ":\n" << text);
      REQUIRE(verdict.empty());
    }
    accepted += slow::read_request(text).has_value();
  }
  CHECK(accepted > rounds / 50); // both outcomes occur
  CHECK(accepted < rounds);
}

TEST_CASE("mutation: of broken answers exactly the harmless ones are accepted") {
  const unsigned seed = 20270102;
  INFO("seed " << seed);
  std::mt19937 random{seed};
  auto fast = std::make_unique<response_head>();
  int accepted = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::string text = mutate(responses[random() % responses.size()], responses, random);
    const std::string verdict = agree_on_response(text, *fast);
    if (!verdict.empty()) {
      INFO("round " << i << ", " << verdict << ":\n" << text);
      REQUIRE(verdict.empty());
    }
    accepted += slow::read_response(text).has_value();
  }
  CHECK(accepted > rounds / 50);
  CHECK(accepted < rounds);
}

TEST_CASE(
    "mutation: of broken bodies exactly the harmless ones are accepted, however they are cut") {
  const unsigned seed = 20270103;
  INFO("seed " << seed);
  std::mt19937 random{seed};
  int accepted = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::string text = mutate(bodies[random() % bodies.size()], bodies, random);
    const std::string verdict = agree_on_body(text, random);
    if (!verdict.empty()) {
      INFO("round " << i << ", " << verdict << ":\n" << text);
      REQUIRE(verdict.empty());
    }
    accepted += slow::read_chunked(text).has_value();
  }
  CHECK(accepted > rounds / 50);
  CHECK(accepted < rounds);
}
