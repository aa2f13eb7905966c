// Searches bytes of JSON text sixteen at a time, so that the inside of a long string costs next to
// nothing. Knows which bytes matter to whom; knows no grammar.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace policies::usage::json {

constexpr bool is_space(char c) {
  return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The value of a hexadecimal digit, or -1.
constexpr int hex_value(char c) {
  if (is_digit(c))
    return c - '0';
  const char folded = static_cast<char>(c | 0x20);
  return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

// What a strict reader must stop at inside a string: quote, backslash, controls, non-ASCII.
struct string_stop {
  static bool hit(unsigned char c) { return c < 0x20 || c >= 0x80 || c == '"' || c == '\\'; }
#ifdef __SSE2__
  static __m128i mask(__m128i bytes) {
    // Signed comparison: bytes from 0x80 on are negative, so they are below 0x20 too.
    return _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)),
                        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                     _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
  }
#endif
};

// What ends a string or escapes its next byte.
struct string_edge {
  static bool hit(unsigned char c) { return c == '"' || c == '\\'; }
#ifdef __SSE2__
  static __m128i mask(__m128i bytes) {
    return _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                        _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
  }
#endif
};

// What changes the depth, outside strings: brackets, braces, and the quote that begins a string.
struct structure_edge {
  static bool hit(unsigned char c) {
    const unsigned folded = c | 0x20U; // [ and { differ by 0x20, so do ] and }
    return c == '"' || folded == '{' || folded == '}';
  }
#ifdef __SSE2__
  static __m128i mask(__m128i bytes) {
    const __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    return _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                        _mm_or_si128(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')),
                                     _mm_cmpeq_epi8(folded, _mm_set1_epi8('}'))));
  }
#endif
};

// The first byte in [at, end) that Match hits, or end.
template <class Match>
const char* find_first_scalar(const char* at, const char* end) {
  while (at != end && !Match::hit(static_cast<unsigned char>(*at)))
    ++at;
  return at;
}

#ifdef __SSE2__
inline __m128i load_16(const char* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

template <class Match>
[[gnu::noinline]] const char* find_first_far(const char* at, const char* end) {
  while (end - at >= 16) {
    const int hits = _mm_movemask_epi8(Match::mask(load_16(at)));
    if (hits != 0)
      return at + std::countr_zero(static_cast<unsigned>(hits));
    at += 16;
    while (end - at >= 64) {
      const __m128i first = _mm_or_si128(Match::mask(load_16(at)), Match::mask(load_16(at + 16)));
      const __m128i second =
          _mm_or_si128(Match::mask(load_16(at + 32)), Match::mask(load_16(at + 48)));
      if (_mm_movemask_epi8(_mm_or_si128(first, second)) != 0)
        break;
      at += 64;
    }
  }
  return find_first_scalar<Match>(at, end);
}

// Most strings end within sixteen bytes: that much is worth having in line.
template <class Match>
inline const char* find_first(const char* at, const char* end) {
  if (end - at >= 16) [[likely]] {
    const int hits = _mm_movemask_epi8(Match::mask(load_16(at)));
    if (hits != 0)
      return at + std::countr_zero(static_cast<unsigned>(hits));
    at += 16;
  }
  return find_first_far<Match>(at, end);
}
#else
template <class Match>
const char* find_first(const char* at, const char* end) {
  return find_first_scalar<Match>(at, end);
}
#endif

} // namespace policies::usage::json
