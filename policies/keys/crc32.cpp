// Eight bytes a step: table k holds the remainder of a byte that is followed by k zero bytes, so
// that the remainders of eight bytes can be looked up apart and combined (Sarwate's table, sliced
// as Kounavis and Berry describe, 2005).
#include "policies/keys/crc32.hpp"

#include <array>

namespace policies::keys {
namespace {

constexpr std::size_t slices = 8;
using crc_tables = std::array<std::array<std::uint32_t, 256>, slices>;

constexpr crc_tables make_tables() {
  crc_tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit)
      remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0xEDB88320u : 0u);
    tables[0][byte] = remainder;
  }
  for (std::size_t k = 1; k < slices; ++k)
    for (std::size_t byte = 0; byte < 256; ++byte)
      tables[k][byte] = (tables[k - 1][byte] >> 8) ^ tables[0][tables[k - 1][byte] & 0xFF];
  return tables;
}

constexpr crc_tables tables = make_tables();

constexpr std::uint8_t octet(char c) {
  return static_cast<std::uint8_t>(c);
}

// The remainder of one byte that `following` more bytes of the step come after.
constexpr std::uint32_t part(std::size_t following, char byte, std::uint32_t carried = 0) {
  return tables[following][octet(byte) ^ (carried & 0xFF)];
}

} // namespace

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (; bytes.size() >= slices; bytes.remove_prefix(slices))
    crc = part(7, bytes[0], crc) ^ part(6, bytes[1], crc >> 8) ^ part(5, bytes[2], crc >> 16) ^
          part(4, bytes[3], crc >> 24) ^ part(3, bytes[4]) ^ part(2, bytes[5]) ^ part(1, bytes[6]) ^
          part(0, bytes[7]);
  for (const char c : bytes)
    crc = (crc >> 8) ^ tables[0][(crc ^ octet(c)) & 0xFF];
  return ~crc;
}

} // namespace policies::keys
