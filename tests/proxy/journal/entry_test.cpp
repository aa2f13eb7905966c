// The ledger's row and its checksum.
#include <random>

#include "proxy/journal/crc32c.hpp"
#include "tests/proxy/journal/support.hpp"

namespace proxy::journal {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

} // namespace

TEST_CASE("crc32c: the check value of the algorithm's catalogue, and iSCSI's vectors") {
  const auto compute = GENERATE(&crc32c, &crc32c_by_table, &crc32c_by_instruction);
  if (compute == &crc32c_by_instruction && !crc32c_has_instruction())
    return;
  CHECK(compute(bytes_of("123456789")) == 0xe3069283u);
  CHECK(compute(bytes_of("")) == 0u);
  CHECK(compute(std::vector<std::byte>(32, std::byte{0})) == 0x8a9136aau);
  CHECK(compute(std::vector<std::byte>(32, std::byte{0xff})) == 0x62a8ab43u);
  std::vector<std::byte> rising(32);
  for (std::size_t i = 0; i < rising.size(); ++i)
    rising[i] = static_cast<std::byte>(i);
  CHECK(compute(rising) == 0x46dd794eu);
}

TEST_CASE("crc32c: table and instruction agree at every length and alignment") {
  if (!crc32c_has_instruction())
    return;
  std::mt19937 random(20240607);
  std::vector<std::byte> bytes(300);
  for (std::byte& b : bytes)
    b = static_cast<std::byte>(random());
  for (std::size_t from = 0; from < 9; ++from)
    for (std::size_t size = 0; size <= bytes.size() - from; ++size) {
      const auto part = std::span{bytes}.subspan(from, size);
      REQUIRE(crc32c_by_table(part) == crc32c_by_instruction(part));
    }
}

TEST_CASE("entry: the checksum covers every byte but its own") {
  const entry original = test::outcome_for(42);
  const std::uint32_t crc = checksum_of(original);
  for (std::size_t at = 0; at < sizeof(entry); ++at) {
    entry changed = original;
    reinterpret_cast<unsigned char*>(&changed)[at] ^= 0x10;
    REQUIRE((checksum_of(changed) == crc) == (at < sizeof original.crc));
  }
}

TEST_CASE("entry: a model's name is cut to its field, and a shorter one leaves nothing behind") {
  entry e;
  set_model(e, std::string(60, 'm'));
  CHECK(model_of(e) == std::string(52, 'm'));
  set_model(e, "deepseek-chat");
  CHECK(model_of(e) == "deepseek-chat");
  CHECK(e.model.back() == '\0');
  set_model(e, "");
  CHECK(model_of(e).empty());
}

TEST_CASE("entry: every ending has a name of its own") {
  std::set<std::string_view> names;
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(ending::expired); ++i)
    names.insert(name_of(static_cast<ending>(i)));
  CHECK(names.size() == 9);
  CHECK(names.count("unknown") == 0);
  CHECK(name_of(static_cast<ending>(200)) == "unknown");
}

} // namespace proxy::journal
