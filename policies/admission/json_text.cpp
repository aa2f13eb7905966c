// Escapes what JSON demands and repairs what is no UTF-8; everything else passes byte for byte.
#include "policies/admission/json_text.hpp"

#include <algorithm>
#include <cstdint>

namespace policies::admission {
namespace {

constexpr std::string_view replacement = "\uFFFD";

// What a lead byte promises: the length of the sequence, and the range of its second byte, which
// excludes overlong forms, surrogates and all above U+10FFFF (Unicode, table 3-7).
struct sequence {
  std::size_t length = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
};

constexpr sequence sequence_of(std::uint8_t lead) {
  if (lead >= 0xC2 && lead <= 0xDF)
    return {.length = 2};
  if (lead == 0xE0)
    return {.length = 3, .low = 0xA0};
  if (lead == 0xED)
    return {.length = 3, .high = 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF)
    return {.length = 3};
  if (lead == 0xF0)
    return {.length = 4, .low = 0x90};
  if (lead >= 0xF1 && lead <= 0xF3)
    return {.length = 4};
  if (lead == 0xF4)
    return {.length = 4, .high = 0x8F};
  return {};
}

struct character {
  std::size_t length; // bytes read, at least 1
  bool good;
};

// `text` starts with a byte of 0x80 or above.
character next_character(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const sequence expected = sequence_of(byte(0));
  if (expected.length == 0)
    return {1, false};
  const std::size_t available = std::min(expected.length, text.size());
  for (std::size_t i = 1; i < available; ++i) {
    const bool fits = i == 1 ? byte(i) >= expected.low && byte(i) <= expected.high
                             : byte(i) >= 0x80 && byte(i) <= 0xBF;
    if (!fits)
      return {i, false};
  }
  return {available, available == expected.length};
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
  case '"':
    out += "\\\"";
    return;
  case '\\':
    out += "\\\\";
    return;
  case '\n':
    out += "\\n";
    return;
  case '\r':
    out += "\\r";
    return;
  case '\t':
    out += "\\t";
    return;
  default:
    break;
  }
  const auto value = static_cast<std::uint8_t>(c);
  if (value >= 0x20 && value != 0x7F) {
    out += c;
    return;
  }
  out += "\\u00";
  out += hex[value >> 4];
  out += hex[value & 15];
}

} // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t taken = 1;
    if (static_cast<std::uint8_t>(text.front()) < 0x80) {
      append_escaped(out, text.front());
    } else {
      const character next = next_character(text);
      taken = next.length;
      out += next.good ? text.substr(0, taken) : replacement;
    }
    text.remove_prefix(taken);
  }
  out += '"';
}

} // namespace policies::admission
