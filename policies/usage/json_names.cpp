// Undoing the disguises of a name: escapes, and letters that fold to ASCII.
#include "policies/usage/json_names.hpp"

namespace policies::usage::json {
namespace {

constexpr unsigned kelvin_sign = 0x212A;
constexpr unsigned long_s = 0x017F;

struct letter {
  unsigned code = 0; // 0: none that a name could hold
  std::size_t length = 0;
};

letter escaped_letter(std::string_view from) {
  if (from[1] != 'u')
    return {from[1] == '/' ? static_cast<unsigned>('/') : 0U, 2};
  unsigned code = 0;
  for (const char c : from.substr(2, 4))
    code = code * 16 + static_cast<unsigned>(hex_value(c));
  return {code, 6};
}

letter next_letter(std::string_view from) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(from[i]); };
  if (from[0] == '\\')
    return escaped_letter(from);
  if (byte(0) < 0x80)
    return {byte(0), 1};
  if (byte(0) < 0xE0)
    return {((byte(0) & 0x1FU) << 6) | (byte(1) & 0x3FU), 2};
  if (byte(0) < 0xF0)
    return {((byte(0) & 0x0FU) << 12) | ((byte(1) & 0x3FU) << 6) | (byte(2) & 0x3FU), 3};
  return {};
}

} // namespace

std::string_view decode_name(const string_token& token, std::array<char, name_length_max>& room) {
  std::string_view rest = token.raw;
  std::size_t used = 0;
  while (!rest.empty()) {
    letter next = next_letter(rest);
    if (next.code == kelvin_sign)
      next.code = 'K';
    if (next.code == long_s)
      next.code = 'S';
    if (next.code == 0 || next.code >= 0x80 || used == room.size())
      return {};
    room[used++] = static_cast<char>(next.code);
    rest.remove_prefix(next.length);
  }
  return {room.data(), used};
}

} // namespace policies::usage::json
