// The lines of a head: CRLF and nothing else ends them, no line goes on in the next, no control
// stands in them. It knows nothing of what the lines say.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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
#ifdef __SSE2__
  for (; end - at >= 16; at += 16) {
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(octets, _mm_set1_epi8(0x1f)), octets);
    const __m128i del = _mm_cmpeq_epi8(octets, _mm_set1_epi8(0x7f));
    if (const int found = _mm_movemask_epi8(_mm_or_si128(low, del)); found != 0)
      return at + std::countr_zero(static_cast<unsigned>(found));
  }
#endif
  while (at != end && static_cast<unsigned char>(*at) >= 0x20 && *at != 0x7f)
    ++at;
  return at;
}

// The first colon from `at` on, or `end`.
inline const char* next_colon(const char* at, const char* end) {
#ifdef __SSE2__
  for (; end - at >= 16; at += 16) {
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const int found = _mm_movemask_epi8(_mm_cmpeq_epi8(octets, _mm_set1_epi8(':')));
    if (found != 0)
      return at + std::countr_zero(static_cast<unsigned>(found));
  }
#endif
  while (at != end && *at != ':')
    ++at;
  return at;
}

// Reads `text` from `from`, where a line begins or 0 < from stands behind bytes already found good.
line_scan scan_lines(std::string_view text, std::size_t from);

} // namespace proxy::http
