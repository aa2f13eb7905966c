// The lines of a head: CRLF and nothing else ends them, no line goes on in the next, no control
// stands in them. It knows nothing of what the lines say.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace proxy::http {

enum class line_fault : std::uint8_t {
  none,
  bare_line_feed,
  bare_carriage_return,
  control_octet,
  folded, // a line that begins with a space or tab: obs-fold, or a first line with leading space
};
std::string_view describe(line_fault fault); // static text

struct line_scan {
  std::size_t end = 0;     // behind the empty line; 0: not there yet
  std::size_t resume = 0;  // where to go on once there is more
  std::size_t line_at = 0; // where the line begins in which it stopped
  line_fault fault = line_fault::none;
};

// The first octet below 0x20, or DEL, from `at` on; `end` where there is none. Sixteen at a time: a
// head has few of them, and all but the line ends and tabs are faults.
inline const char* next_control(const char* at, const char* end) {
  using block = unsigned char __attribute__((vector_size(16)));
  for (; end - at >= static_cast<std::ptrdiff_t>(sizeof(block)); at += sizeof(block)) {
    block octets;
    std::memcpy(&octets, at, sizeof octets);
    const auto controls = (octets < 0x20) | (octets == 0x7f);
    std::array<std::uint64_t, 2> half;
    std::memcpy(&half, &controls, sizeof half);
    if ((half[0] | half[1]) == 0)
      continue;
    const bool in_first = half[0] != 0;
    const int bits = __builtin_ctzll(in_first ? half[0] : half[1]);
    return at + (in_first ? 0 : 8) + bits / 8;
  }
  while (at != end && static_cast<unsigned char>(*at) >= 0x20 && *at != 0x7f)
    ++at;
  return at;
}

// Reads `text` from `from`, where a line begins or 0 < from stands behind bytes already found good.
line_scan scan_lines(std::string_view text, std::size_t from);

} // namespace proxy::http
