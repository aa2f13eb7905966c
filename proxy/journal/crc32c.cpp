// The two ways to a CRC32C. Tables are sliced by eight, so that a machine without the instruction
// still takes eight bytes a step.
#include "proxy/journal/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace proxy::journal {
namespace {

using table = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr table make_table() {
  table t{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0x82f63b78u : 0u);
    t[0][i] = crc;
  }
  for (std::size_t slice = 1; slice < 8; ++slice)
    for (std::size_t i = 0; i < 256; ++i)
      t[slice][i] = (t[slice - 1][i] >> 8) ^ t[0][t[slice - 1][i] & 0xffu];
  return t;
}
constexpr table slices = make_table();

std::uint64_t eight_bytes(const std::byte* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

} // namespace

std::uint32_t crc32c_by_table(std::span<const std::byte> bytes) {
  std::uint32_t crc = ~0u;
  while (bytes.size() >= 8) {
    const std::uint64_t word = eight_bytes(bytes.data()) ^ crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i)
      crc ^= slices[7 - i][(word >> (8 * i)) & 0xffu];
    bytes = bytes.subspan(8);
  }
  for (const std::byte b : bytes)
    crc = (crc >> 8) ^ slices[0][(crc ^ std::to_integer<std::uint32_t>(b)) & 0xffu];
  return ~crc;
}

#if defined(__x86_64__)
bool crc32c_has_instruction() {
  static const bool has = __builtin_cpu_supports("sse4.2") != 0;
  return has;
}

__attribute__((target("sse4.2"))) std::uint32_t
crc32c_by_instruction(std::span<const std::byte> bytes) {
  std::uint64_t crc = 0xffffffffu;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8)
    crc = _mm_crc32_u64(crc, eight_bytes(at));
  auto narrow = static_cast<std::uint32_t>(crc);
  for (; left > 0; ++at, --left)
    narrow = _mm_crc32_u8(narrow, std::to_integer<std::uint8_t>(*at));
  return ~narrow;
}
#else
bool crc32c_has_instruction() {
  return false;
}
std::uint32_t crc32c_by_instruction(std::span<const std::byte> bytes) {
  return crc32c_by_table(bytes);
}
#endif

std::uint32_t crc32c(std::span<const std::byte> bytes) {
  return crc32c_has_instruction() ? crc32c_by_instruction(bytes) : crc32c_by_table(bytes);
}

} // namespace proxy::journal
