// The first 192 bytes of a segment file: what it is, and once it is finished, what is in it. Each
// part has its own checksum, for the second is written long after the first.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "proxy/journal/crc32c.hpp"
#include "proxy/journal/segment.hpp"

namespace proxy::journal {

inline constexpr std::array<char, 8> segment_magic{'D', 'S', 'P', 'J', 'R', 'N', 'L', '\n'};
inline constexpr std::uint32_t segment_version = 1;

struct disk_header {
  std::array<char, 8> magic = segment_magic;
  std::uint32_t version = segment_version;
  std::uint32_t entry_bytes = sizeof(entry);
  std::uint64_t lane = 0;
  std::uint64_t first = 0;
  std::int64_t created_ms = 0;
  std::uint32_t number = 0;
  std::uint32_t capacity = 0;
  std::uint32_t unused = 0;
  std::uint32_t crc = 0;
};
static_assert(sizeof(disk_header) == 56);

struct disk_seal {
  std::uint64_t last = 0;
  std::int64_t oldest_ms = 0;
  std::int64_t newest_ms = 0;
  std::uint32_t closes_lane = 0;
  std::uint32_t crc = 0;
};
static_assert(sizeof(disk_seal) == 32);
inline constexpr std::size_t seal_offset = 64;

// Of all bytes before the checksum, which is the last member of both.
template <class Part>
std::uint32_t checksum_before_crc(const Part& part) {
  return crc32c(std::as_bytes(std::span{&part, 1}).first(sizeof(Part) - sizeof part.crc));
}

inline disk_header make_header(const segment_spec& spec, std::size_t slots) {
  disk_header header;
  header.lane = spec.lane;
  header.first = spec.first;
  header.created_ms = spec.created_ms;
  header.number = spec.number;
  header.capacity = static_cast<std::uint32_t>(slots);
  header.crc = checksum_before_crc(header);
  return header;
}

} // namespace proxy::journal
