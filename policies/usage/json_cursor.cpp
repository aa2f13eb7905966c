// The rarer half of the strict reader: escapes, characters beyond ASCII, numbers and literals.
#include "policies/usage/json_cursor.hpp"

namespace policies::usage::json {
namespace {

using namespace std::string_view_literals;

constexpr bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// Length of the well-formed character at `at` (Unicode, table 3-7), 0 if it is none.
std::ptrdiff_t character_length(const char* at, const char* end) {
  const auto first = static_cast<unsigned char>(at[0]);
  const std::ptrdiff_t room = end - at;
  if (first >= 0xE1 && first <= 0xEF) { // first: most of the world's wide text
    if (room < 3 || !is_continuation(at[1]) || !is_continuation(at[2]))
      return 0;
    const bool surrogate = first == 0xED && static_cast<unsigned char>(at[1]) >= 0xA0;
    return surrogate ? 0 : 3;
  }
  if (first >= 0xC2 && first <= 0xDF)
    return room >= 2 && is_continuation(at[1]) ? 2 : 0;
  if (first == 0xE0) {
    const bool longest = room >= 3 && static_cast<unsigned char>(at[1]) >= 0xA0;
    return longest && is_continuation(at[1]) && is_continuation(at[2]) ? 3 : 0;
  }
  if (first < 0xF0 || first > 0xF4 || room < 4)
    return 0;
  const auto second = static_cast<unsigned char>(at[1]);
  if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
    return 0;
  return is_continuation(at[1]) && is_continuation(at[2]) && is_continuation(at[3]) ? 4 : 0;
}

constexpr bool is_high_surrogate(unsigned code) {
  return code >= 0xD800 && code < 0xDC00;
}
constexpr bool is_low_surrogate(unsigned code) {
  return code >= 0xDC00 && code < 0xE000;
}

} // namespace

bool cursor::string_rest(string_token& out, const char* begin) {
  bool plain = true;
  for (; at_ != end_; at_ = find_first<string_stop>(at_, end_)) {
    const char c = *at_;
    if (c == '"') {
      out = {{begin, static_cast<std::size_t>(at_ - begin)}, plain};
      ++at_;
      return true;
    }
    plain = false;
    if (c == '\\') {
      if (!escape())
        return false;
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      if (!wide_characters())
        return false;
    } else {
      return fail("a control character stands in a string");
    }
  }
  return fail("a string does not end");
}

bool cursor::wide_characters() {
  do {
    const std::ptrdiff_t length = character_length(at_, end_);
    if (length == 0)
      return fail("it is not UTF-8");
    at_ += length;
  } while (at_ != end_ && static_cast<unsigned char>(*at_) >= 0x80);
  return true;
}

bool cursor::escape() {
  ++at_;
  switch (peek()) {
  case '"':
  case '\\':
  case '/':
  case 'b':
  case 'f':
  case 'n':
  case 'r':
  case 't':
    ++at_;
    return true;
  case 'u':
    break;
  default:
    return fail("an escape is unknown");
  }
  unsigned code = 0;
  if (!hex_quad(code))
    return false;
  if (is_low_surrogate(code))
    return fail("half of a surrogate pair stands alone");
  if (!is_high_surrogate(code))
    return true;
  if (!take('\\') || peek() != 'u' || !hex_quad(code) || !is_low_surrogate(code))
    return fail("half of a surrogate pair stands alone");
  return true;
}

bool cursor::hex_quad(unsigned& out) {
  ++at_;
  unsigned code = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_value(peek());
    if (digit < 0)
      return fail("an escape needs four hexadecimal digits");
    code = code * 16 + static_cast<unsigned>(digit);
    ++at_;
  }
  out = code;
  return true;
}

bool cursor::digits() {
  if (!is_digit(peek()))
    return fail("a digit was expected");
  while (is_digit(peek()))
    ++at_;
  return true;
}

bool cursor::fraction() {
  if (take('.') && !digits())
    return false;
  if (peek() != 'e' && peek() != 'E')
    return true;
  ++at_;
  if (peek() == '+' || peek() == '-')
    ++at_;
  return digits();
}

bool cursor::literal(std::string_view& out) {
  const std::string_view rest{at_, static_cast<std::size_t>(end_ - at_)};
  for (const std::string_view known : {"true"sv, "false"sv, "null"sv}) {
    if (rest.starts_with(known)) {
      out = known;
      at_ += known.size();
      return true;
    }
  }
  return fail("a value was expected");
}

} // namespace policies::usage::json
