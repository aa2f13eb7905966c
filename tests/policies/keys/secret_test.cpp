// The spelling of secrets and ids, against vectors computed by another program (Python's zlib and
// a base32 of its own), and what must not pass for one.
#include <random>
#include <string>
#include <vector>

#include "policies/keys/crc32.hpp"
#include "policies/keys/secret.hpp"
#include "tests/support/catch.hpp"

using namespace policies;
using namespace policies::keys;

namespace {

using random_bytes = std::array<std::uint8_t, 20>;

random_bytes bytes_of(std::mt19937_64& random) {
  random_bytes bytes{};
  for (auto& byte : bytes)
    byte = static_cast<std::uint8_t>(random());
  return bytes;
}

} // namespace

TEST_CASE("crc32: agrees with the published check value and with zlib at every length mod 8") {
  CHECK(crc32("123456789") == 0xCBF43926u);
  CHECK(crc32("") == 0u);
  CHECK(crc32("a") == 0xe8b7be43u);
  CHECK(crc32("abcdefg") == 0x312a6aa6u);
  CHECK(crc32("abcdefgh") == 0xaeef2a50u);
  CHECK(crc32("abcdefghi") == 0x8da988afu);
  CHECK(crc32("The quick brown fox jumps over the lazy dog") == 0x414fa339u);
}

TEST_CASE("secret: known random bytes give the known text") {
  random_bytes bytes{};
  CHECK(make_secret(bytes) == "sk-ds-000000000000000000000000000000002416245");
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(i);
  CHECK(make_secret(bytes) == "sk-ds-000g40r40m30e209185gr38e1w8124gk0p772c9");
  bytes.fill(0xFF);
  CHECK(make_secret(bytes) == "sk-ds-zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz3f5gcrz");
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(i * 37 + 11);
  CHECK(make_secret(bytes) == "sk-ds-1cr5aymzrkmgwctrfphcfv0h6sdr19ea0stx5xw");
}

TEST_CASE("secret: every secret made is well formed, and no single changed character is") {
  constexpr std::uint64_t seed = 20260;
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  constexpr std::string_view alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCXYZ-_ ";
  for (int round = 0; round < 50; ++round) {
    const std::string secret = make_secret(bytes_of(random));
    REQUIRE(secret.size() == secret_length);
    REQUIRE(well_formed(secret));
    for (std::size_t at = 0; at < secret.size(); ++at) {
      for (const char other : alphabet) {
        std::string typo = secret;
        typo[at] = other;
        if (other != secret[at] && well_formed(typo))
          FAIL(typo << " passes for " << secret);
      }
    }
  }
}

TEST_CASE("secret: two swapped characters are refused") {
  std::mt19937_64 random{7};
  for (int round = 0; round < 200; ++round) {
    const std::string secret = make_secret(bytes_of(random));
    for (std::size_t at = 6; at + 1 < secret.size(); ++at) {
      std::string typo = secret;
      std::swap(typo[at], typo[at + 1]);
      if (typo != secret && well_formed(typo))
        FAIL(typo << " passes for " << secret);
    }
  }
}

TEST_CASE("secret: only the exact spelling is well formed") {
  const std::string secret = make_secret(random_bytes{});
  std::string upper = secret;
  upper[2 + 1] = 'D';
  CHECK_FALSE(well_formed(upper));
  CHECK_FALSE(well_formed(""));
  CHECK_FALSE(well_formed("sk-ds-"));
  CHECK_FALSE(well_formed(secret.substr(0, secret.size() - 1)));
  CHECK_FALSE(well_formed(secret + "0"));
  CHECK_FALSE(well_formed(" " + secret));
  CHECK_FALSE(well_formed("sk-" + secret.substr(6) + "000"));
  CHECK_FALSE(well_formed(std::string(secret_length, '\0')));
  CHECK_FALSE(well_formed(std::string(secret_length, '\xff')));
  // A checksum of more than 32 bits never equals one, even if its low bits do.
  std::string long_checksum = secret;
  long_checksum[38] = 'z';
  CHECK_FALSE(well_formed(long_checksum));
}

TEST_CASE("secret: a right checksum does not excuse letters outside the alphabet") {
  constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  const auto with_checksum = [&](std::string text) {
    const std::uint64_t checksum = crc32(text);
    for (int shift = 30; shift >= 0; shift -= 5)
      text += alphabet[checksum >> shift & 31];
    return text;
  };
  const std::string zeros(31, '0');
  CHECK(well_formed(with_checksum("sk-ds-" + zeros + "z")));
  for (const char outside : {'i', 'l', 'o', 'u', 'Z', '-', ' ', '\xff'})
    CHECK_FALSE(well_formed(with_checksum("sk-ds-" + zeros + outside)));
}

TEST_CASE("secret: the mask shows the prefix and four characters, never a whole short text") {
  CHECK(masked("sk-ds-000g40r40m30e209185gr38e1w8124gk0p772c9") == "sk-ds-\u202672c9");
  CHECK(masked("sk-live-0123456789abcdef0123") == "\u20260123");
  CHECK(masked("hunter2") == "\u2026");
  CHECK(masked("sk-ds-12") == "sk-ds-\u2026");
  CHECK(masked("") == "\u2026");
  CHECK(masked("sk-ds-000g40r40m30e209185gr38e1w8124gk0p77\r\nx") == "sk-ds-\u2026");
  CHECK(masked(std::string(64, '\xff')) == "\u2026");
}

TEST_CASE("key_id: text and value stand for each other") {
  CHECK(to_string(key_id{0xfedcba987654321}) == "key_zvebn63pags1");
  CHECK(parse_key_id("key_zvebn63pags1") == key_id{0xfedcba987654321});
  CHECK(to_string(key_id{1}) == "key_000000000001");
  std::mt19937_64 random{99};
  for (int round = 0; round < 1000; ++round) {
    const key_id id{(random() >> 4) | 1};
    REQUIRE(parse_key_id(to_string(id)) == id);
  }
}

TEST_CASE("key_id: other spellings are no ids") {
  for (const std::string_view text :
       {"", "key_", "key_zvebn63pags", "key_zvebn63pags11", "KEY_zvebn63pags1", "key_ZVEBN63PAGS1",
        "key_zvebn63pagsi", "key_zvebn63pagsl", "key_zvebn63pagso", "key_zvebn63pagsu",
        "key-zvebn63pags1", "key_zvebn63pag 1", "key_000000000000", "zvebn63pags1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_key_id(text));
  }
}

TEST_CASE("request_id: 32 lower-case hex digits and nothing else") {
  request_id id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i)
    id.bytes[i] = static_cast<std::uint8_t>(i * 17);
  CHECK(to_string(id) == "00112233445566778899aabbccddeeff");
  CHECK(parse_request_id("00112233445566778899aabbccddeeff") == id);
  CHECK_FALSE(parse_request_id("00112233445566778899AABBCCDDEEFF"));
  CHECK_FALSE(parse_request_id("00112233445566778899aabbccddeef"));
  CHECK_FALSE(parse_request_id("00112233445566778899aabbccddeeff0"));
  CHECK_FALSE(parse_request_id("0x112233445566778899aabbccddeeff"));
  CHECK_FALSE(parse_request_id("00112233-4455-6677-8899-aabbccdd"));
  CHECK_FALSE(parse_request_id(""));
}
