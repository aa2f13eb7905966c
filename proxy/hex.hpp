// Bytes as lower-case hexadecimal digits, two each.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace proxy {

inline std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

} // namespace proxy
