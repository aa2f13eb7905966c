// Chunked bodies: hostile cases 63 to 79, and that no cut of the input changes the outcome.
#include <random>
#include <string>
#include <vector>

#include "proxy/http/chunked.hpp"
#include "tests/support/catch.hpp"

using namespace std::string_literals;
using proxy::http::chunk_decoder;
using state = chunk_decoder::state;

namespace {

struct outcome {
  std::string payload;
  std::size_t consumed = 0;
  state now = state::more;
  bool operator==(const outcome&) const = default;
};

// Hands `input` over in pieces that end at the cuts.
outcome decode(const std::string& input, const std::vector<std::size_t>& cuts = {},
               chunk_decoder::bounds limits = {}) {
  chunk_decoder decoder{limits};
  outcome out;
  std::size_t at = 0;
  for (std::size_t i = 0; i <= cuts.size() && out.now == state::more; ++i) {
    const std::size_t end = i < cuts.size() ? cuts[i] : input.size();
    std::string piece = input.substr(at, end - at);
    const std::string before = piece;
    const auto r = decoder.decode(piece);
    out.payload.append(piece, 0, r.payload);
    out.consumed += r.consumed;
    out.now = r.now;
    // What was not consumed is untouched, and only the end or a fault leaves anything.
    REQUIRE(piece.substr(r.consumed) == before.substr(r.consumed));
    REQUIRE((r.consumed == piece.size() || r.now != state::more));
    REQUIRE(r.payload <= r.consumed);
    at = end;
  }
  REQUIRE(decoder.body_bytes() == out.payload.size());
  return out;
}

state verdict(const std::string& input) {
  return decode(input).now;
}

std::string chunk(const std::string& payload) {
  std::array<char, 18> head;
  const std::size_t used = proxy::http::write_chunk_head(head, payload.size());
  return std::string(head.data(), used) + payload + std::string(proxy::http::chunk_end);
}

const std::string last{proxy::http::last_chunk};

} // namespace

TEST_CASE("chunked: payload is moved together and what follows is left alone") {
  const auto r = decode("5\r\nhello\r\n1\r\n,\r\nA\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\n");
  CHECK(r.now == state::done);
  CHECK(r.payload == "hello,0123456789");
  CHECK(r.consumed == "5\r\nhello\r\n1\r\n,\r\nA\r\n0123456789\r\n0\r\n\r\n"s.size());
}

TEST_CASE("chunked: what we write we read") {
  std::string body;
  std::string text;
  for (std::size_t size : {1u, 9u, 10u, 15u, 16u, 255u, 256u, 4096u, 70'000u}) {
    const std::string part(size, static_cast<char>('a' + size % 26));
    body += part;
    text += chunk(part);
  }
  const auto r = decode(text + last);
  CHECK(r.now == state::done);
  CHECK(r.payload == body);
  std::array<char, 18> head;
  const std::size_t used = proxy::http::write_chunk_head(head, SIZE_MAX);
  CHECK(std::string(head.data(), used) == "ffffffffffffffff\r\n");
}

TEST_CASE("chunked: a decoder that has ended stays ended") {
  chunk_decoder decoder;
  std::string text = last;
  CHECK(decoder.decode(text).now == state::done);
  std::string more = "5\r\nhello\r\n";
  const auto r = decoder.decode(more);
  CHECK(r.now == state::done);
  CHECK(r.consumed == 0);
  CHECK(r.payload == 0);
  chunk_decoder broken;
  std::string bad = "x";
  CHECK(broken.decode(bad).now == state::bad);
  std::string good = last;
  CHECK(broken.decode(good).now == state::bad);
}

TEST_CASE("chunked: only CRLF ends a line or a chunk's data") {
  CHECK(verdict("5\nhello\r\n0\r\n\r\n") == state::bad);  // 63
  CHECK(verdict("5\r\nhello\n0\r\n\r\n") == state::bad);  // 64
  CHECK(verdict("5\nhello\n0\n\n") == state::bad);        // 65
  CHECK(verdict("5\r\nhello\r\n0\n\n") == state::bad);    // 65
  CHECK(verdict("5\r\nhello\r\n0\r\n\n") == state::bad);  // 65
  CHECK(verdict("5\rhello\r0\r\r") == state::bad);        // 74
  CHECK(verdict("5\r\nhello\r0\r\n\r\n") == state::bad);  // 74
  CHECK(verdict("5\r\nhello\r\n0\r\n\rX") == state::bad); // 74
  CHECK(verdict("5\r\r\nhello\r\n0\r\n\r\n") == state::bad);
  CHECK(verdict("\r\n5\r\nhello\r\n0\r\n\r\n") == state::bad);
}

TEST_CASE("chunked: a size is one to sixteen hexadecimal digits") {
  const std::string size = GENERATE(
      "0x5"s, "+5"s, "-5"s, "5_"s, " 5"s, "5 "s, "\t5"s, "5\t"s, "g"s, "5h"s, "5,"s, "\0"s + "5"s,
      ""s,                                                                       // 67
      "00000000000000005"s, "11111111111111111"s, std::string(5000, '0') + "5"); // 66, 68, 69
  INFO(size);
  CHECK(verdict(size + "\r\nhello\r\n0\r\n\r\n") == state::bad);
  CHECK(verdict("1\r\na\r\n" + size + "\r\nhello\r\n0\r\n\r\n") == state::bad);
}

TEST_CASE("chunked: leading zeros within sixteen digits are allowed") {
  const auto r = decode("0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n");
  CHECK(r.now == state::done);
  CHECK(r.payload == "hello");
}

TEST_CASE("chunked: a size near 2^64 overflows nothing") {
  CHECK(verdict("ffffffffffffffff\r\nhello") == state::more);
  CHECK(verdict("5\r\nhello\r\nffffffffffffffff\r\nhello") == state::too_large);
}

TEST_CASE("chunked: well-formed extensions are ignored") {
  const std::string extension = GENERATE(";a"s, ";a=b"s, ";a=\"b c\""s, ";a;b;c=d"s, ";a=\"\""s,
                                         ";a=\"\\\"\\\\\";b"s, ";a=\"\t;=,\xff\""s, ";!#$=~"s);
  INFO(extension);
  const auto r = decode("5" + extension + "\r\nhello\r\n0" + extension + "\r\n\r\n");
  CHECK(r.now == state::done);
  CHECK(r.payload == "hello");
}

TEST_CASE("chunked: malformed extensions are refused") {
  const std::string extension =
      GENERATE(";a=\"\n\""s, ";a=\"\0\""s, ";a=\"\r\n\""s, ";a=\"\x7f\""s, ";a=\"\\\n\""s, // 70
               ";"s, ";;"s, ";a;"s, ";=b"s, ";a="s, ";a=;b"s, ";a=b=c"s, ";a=\"b"s,        // 72
               ";a=\"b\"c"s, ";a=b\"c\""s, " ;a"s, "; a"s, ";a =b"s, ";a= b"s, ";a=b "s,
               ";a=\"b\" "s, ";(a)"s, ";a\nb"s, ";a\0b"s, "=a"s, ",a"s);
  INFO(extension);
  CHECK(verdict("5" + extension + "\r\nhello\r\n0\r\n\r\n") == state::bad);
}

TEST_CASE("chunked: a line may be as long as its bound and no longer") {
  const std::string inside = "5;a=" + std::string(4092, 'b');
  REQUIRE(inside.size() == 4096);
  CHECK(verdict(inside + "\r\nhello\r\n" + last) == state::done);
  CHECK(verdict(inside + "b\r\nhello\r\n" + last) == state::bad);
  CHECK(verdict("5;a=\"" + std::string(1'000'000, 'b')) == state::bad); // 71
  CHECK(verdict("5;a=" + std::string(4092, 'b') + "\r\nhello\r\n" + inside + "\r\nhello\r\n" +
                last) == state::done); // the bound is a line's, not the body's
}

TEST_CASE("chunked: data is as long as its size says") {
  CHECK(verdict("5\r\nhell\r\n0\r\n\r\n") == state::bad);   // 73
  CHECK(verdict("5\r\nhelloo\r\n0\r\n\r\n") == state::bad); // 73
  CHECK(verdict("5\r\nhello0\r\n\r\n") == state::bad);      // 73
  CHECK(verdict("5\r\nhel") == state::more);
}

TEST_CASE("chunked: harmless trailers are read and dropped") {
  const auto r = decode("5\r\nhello\r\n0\r\nX-Sum: a b\r\nServer-Timing:\r\nx: \t\xff\r\n\r\nnext");
  CHECK(r.now == state::done);
  CHECK(r.payload == "hello");
  CHECK(decode("0\r\n" + std::string(200, 'n') + ": v\r\n\r\n").now == state::done);
  CHECK(decode("0\r\n" + std::string(1000, 'n') + ": v\r\n\r\n").now == state::done);
}

TEST_CASE("chunked: malformed trailers are refused") {
  const std::string trailer =
      GENERATE("X"s, ":"s, ": v"s, "X : v"s, " X: v"s, "\tX: v"s, "X: a\r\n b"s, "X: a\nb"s,
               "X: a\0b"s, "X: a\rb"s, "X: a\x7f"s, "X(: v"s, "X: a\vb"s, "\0: v"s, "X\xc3: v"s);
  INFO(trailer);
  CHECK(verdict("0\r\n" + trailer + "\r\n\r\n") == state::bad);
}

TEST_CASE("chunked: trailers that would change how the message is read are refused") {
  const std::string name =
      GENERATE("Authorization"s, "Host"s, "x-api-key"s,                             // 75
               "Content-Length"s, "Transfer-Encoding"s, "CONTENT-LENGTH"s,          // 76
               "Connection"s, "Upgrade"s, "TE"s, "Trailer"s, "Proxy-Authenticate"s, // 77
               "Content-Type"s, "Content-Encoding"s, "Expect"s, "Cookie"s, "Set-Cookie"s,
               "X-Forwarded-For"s, "Content_Length"s, "Referer"s, "Keep-Alive"s);
  INFO(name);
  CHECK(verdict("0\r\n" + name + ": 1\r\n\r\n") == state::bad);
  CHECK(verdict("0\r\nX: y\r\n" + name + ":\r\n\r\n") == state::bad);
}

TEST_CASE("chunked: trailers are bounded in bytes and in number") {
  CHECK(verdict("0\r\nX: " + std::string(70'000, 'y') + "\r\n\r\n") == state::bad); // 78
  CHECK(verdict("0\r\nX: " + std::string(16'000, 'y') + "\r\n\r\n") == state::done);
  std::string lines;
  for (int i = 0; i < 100; ++i)
    lines += "X: y\r\n";
  CHECK(verdict("0\r\n" + lines + "\r\n") == state::done);
  CHECK(verdict("0\r\n" + lines + "X: y\r\n\r\n") == state::bad); // 79
}

TEST_CASE("chunked: a body over the limit is told apart from a malformed one") {
  const chunk_decoder::bounds ten{.body_bytes_max = 10};
  CHECK(decode("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", {}, ten).now == state::done); // 98
  const auto over = decode("5\r\nhello\r\n6\r\nworld!\r\n0\r\n\r\n", {}, ten);
  CHECK(over.now == state::too_large);
  CHECK(over.payload == "hello");
  CHECK(over.consumed == "5\r\nhello\r\n6\r\n"s.size()); // known before its data came
  CHECK(decode("0\r\n\r\n", {}, {.body_bytes_max = 0}).now == state::done);
  CHECK(decode("1\r\n", {}, {.body_bytes_max = 0}).now == state::too_large);
}

TEST_CASE("chunked: no cut of the input changes the outcome") {
  const std::string sample =
      GENERATE("5\r\nhello\r\n0\r\n\r\nGET"s, "0\r\n\r\n"s,
               "5;a=\"b;\\\"\";c=d\r\nhello\r\n0;x\r\nX: y\r\n\r\n"s,
               "a\r\n0123456789\r\n1\r\nx\r\n000\r\nX-T: v\r\nY:\r\n\r\nrest"s, "5\r\nhelloX\r\n"s,
               "5\r\nhello\r\n0\r\nHost: x\r\n\r\n"s, "5\r\nhello\r\nfffffffffffffffff"s, "3;\r\n"s,
               "5\r\nhello\r\nffffffffffffffff\r\n"s, "5\r\nhel"s);
  INFO(sample);
  const outcome whole = decode(sample);
  for (std::size_t a = 0; a <= sample.size(); ++a)
    for (std::size_t b = a; b <= sample.size(); ++b)
      REQUIRE(decode(sample, {a, b}) == whole);
  std::vector<std::size_t> every;
  for (std::size_t i = 0; i < sample.size(); ++i)
    every.push_back(i);
  CHECK(decode(sample, every) == whole);
}

TEST_CASE("chunked: random cuts of large bodies change nothing") {
  const unsigned seed = GENERATE(1u, 2u, 3u);
  INFO("seed " << seed);
  std::mt19937 random{seed};
  std::string body;
  std::string text;
  for (int i = 0; i < 300; ++i) {
    const std::size_t size = 1 + random() % (i % 10 == 0 ? 5000 : 60);
    std::string part(size, '\0');
    for (char& c : part)
      c = static_cast<char>(random() % 256);
    body += part;
    text += chunk(part);
  }
  text += "0\r\nX-Sum: 1\r\n\r\ntail";
  for (int round = 0; round < 30; ++round) {
    std::vector<std::size_t> cuts;
    const std::size_t step = 1 + random() % 3000;
    for (std::size_t at = random() % step; at < text.size(); at += 1 + random() % step)
      cuts.push_back(at);
    const outcome r = decode(text, cuts);
    REQUIRE(r.now == state::done);
    REQUIRE(r.payload == body);
    REQUIRE(r.consumed == text.size() - 4);
  }
}
