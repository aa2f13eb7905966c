// Looks for a quote followed by the first letter of a word that matters, sixteen places at a time,
// then for the word. An escaped letter (\u) could disguise one: such an event is worth reading.
#include "policies/usage/event_filter.hpp"

#include <array>
#include <bit>

#include "policies/usage/json_bytes.hpp"

namespace policies::usage {
namespace {

struct words {
  std::array<char, 3> initials;
  std::array<std::string_view, 3> rest; // quoted words other than "usage" and "error"
};

constexpr words plain_words{{'u', 'e', 'e'}, {}};
constexpr words responses_words{
    {'u', 'e', 'r'}, {"\"response.completed\"", "\"response.incomplete\"", "\"response.failed\""}};
constexpr words anthropic_words{{'u', 'e', 'm'},
                                {"\"message_start\"", "\"message_delta\"", "\"message_stop\""}};

const words& words_of(body_format format) {
  switch (format) {
  case body_format::responses:
    return responses_words;
  case body_format::anthropic:
    return anthropic_words;
  default:
    return plain_words;
  }
}

// After a name: whether its value is null, as `usage` is on all chunks but the last.
bool says_null(std::string_view rest) {
  std::size_t at = 0;
  while (at < rest.size() && (json::is_space(rest[at]) || rest[at] == ':'))
    ++at;
  return rest.substr(at).starts_with("null");
}

bool matters(const words& wanted, std::string_view from) {
  if (from[0] == '\\')
    return true;
  for (const std::string_view name : {std::string_view{"\"usage\""}, {"\"error\""}}) {
    if (from.starts_with(name) && !says_null(from.substr(name.size())))
      return true;
  }
  for (const std::string_view word : wanted.rest) {
    if (!word.empty() && from.starts_with(word))
      return true;
  }
  return false;
}

bool begins(const words& wanted, char first, char second) {
  if (first == '\\')
    return second == 'u';
  const auto& initials = wanted.initials;
  return first == '"' && (second == initials[0] || second == initials[1] || second == initials[2]);
}

#ifdef __SSE2__
unsigned places(const words& wanted, const char* at) {
  const __m128i first = json::load_16(at);
  const __m128i second = json::load_16(at + 1);
  const auto is = [](__m128i bytes, char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
  const __m128i initial =
      _mm_or_si128(is(second, wanted.initials[0]),
                   _mm_or_si128(is(second, wanted.initials[1]), is(second, wanted.initials[2])));
  const __m128i word = _mm_and_si128(is(first, '"'), initial);
  const __m128i escape = _mm_and_si128(is(first, '\\'), is(second, 'u'));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(word, escape)));
}
#endif

} // namespace

bool worth_reading(body_format format, std::string_view event) {
  const words& wanted = words_of(format);
  std::size_t at = 0;
#ifdef __SSE2__
  for (; at + 17 <= event.size(); at += 16) {
    for (unsigned found = places(wanted, event.data() + at); found != 0; found &= found - 1) {
      if (matters(wanted, event.substr(at + static_cast<unsigned>(std::countr_zero(found)))))
        return true;
    }
  }
#endif
  for (; at + 1 < event.size(); ++at) {
    if (begins(wanted, event[at], event[at + 1]) && matters(wanted, event.substr(at)))
      return true;
  }
  return false;
}

} // namespace policies::usage
