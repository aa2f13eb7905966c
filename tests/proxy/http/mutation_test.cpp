// A hundred thousand broken heads and bodies: never a crash, and the fast readers accept exactly
// what the slow one accepts, and read the same out of it.
#include <random>
#include <string>
#include <vector>

#include "proxy/http/octets.hpp"
#include "tests/proxy/http/agreement.hpp"
#include "tests/proxy/http/beast_reader.hpp"
#include "tests/support/catch.hpp"

using namespace heads;
using namespace std::string_literals;

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

// Beast is asked only about what ours accepts: the views in the head point into the text.
std::string judge_request(const std::string& text, request_head& fast) {
  const std::string verdict = agree_on_request(text, fast);
  if (!verdict.empty() || proxy::http::parse_request_head(fast, text, {}))
    return verdict;
  const std::string_view head = text;
  return beast_agrees<true>(head.substr(head.starts_with("\r\n") ? 2 : 0), fast);
}

std::string judge_response(const std::string& text, response_head& fast) {
  const std::string verdict = agree_on_response(text, fast);
  if (!verdict.empty() || proxy::http::parse_response_head(fast, text, false, {}))
    return verdict;
  return beast_agrees<false>(text, fast);
}

std::string judge_body(const std::string& text, std::mt19937& random) {
  return agree_on_body(text, [&] { return 1 + random() % 24; });
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
    CHECK(judge_request(text, *fast) == "");
    CHECK(slow::read_request(text));
  }
  auto answer_head = std::make_unique<response_head>();
  for (const std::string& text : responses) {
    INFO(text);
    CHECK(judge_response(text, *answer_head) == "");
    CHECK(slow::read_response(text));
  }
  for (const std::string& text : bodies) {
    INFO(text);
    CHECK(judge_body(text, random) == "");
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
    const std::string verdict = judge_request(text, *fast);
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
    const std::string verdict = judge_response(text, *fast);
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
    const std::string verdict = judge_body(text, random);
    if (!verdict.empty()) {
      INFO("round " << i << ", " << verdict << ":\n" << text);
      REQUIRE(verdict.empty());
    }
    accepted += slow::read_chunked(text).has_value();
  }
  CHECK(accepted > rounds / 50);
  CHECK(accepted < rounds);
}
