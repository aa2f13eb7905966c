// Writes and checks the texts of secrets and ids. Crockford's base32 leaves out i, l, o and u;
// ours is lower case only, so that every value has exactly one spelling and one SHA-256.
#include "policies/keys/secret.hpp"

#include <algorithm>

#include "policies/keys/crc32.hpp"

namespace policies::keys {
namespace {

constexpr std::string_view base32 = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::string_view base16 = "0123456789abcdef";
constexpr std::string_view key_id_prefix = "key_";
constexpr std::size_t key_id_digits = 12;
constexpr std::size_t checksum_digits = 7;

using digit_values = std::array<std::int8_t, 256>;

constexpr digit_values values_of(std::string_view alphabet) {
  digit_values values{};
  for (auto& value : values)
    value = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
  return values;
}

constexpr digit_values base32_values = values_of(base32);
constexpr digit_values base16_values = values_of(base16);

constexpr std::int8_t value_of(const digit_values& values, char digit) {
  return values[static_cast<std::uint8_t>(digit)];
}

void append_base32(std::string& out, std::uint64_t value, std::size_t digits) {
  for (std::size_t i = digits; i-- > 0;)
    out += base32[value >> (5 * i) & 31];
}

// At most 12 digits, so that the value fits.
std::optional<std::uint64_t> read_base32(std::string_view text) {
  std::uint64_t value = 0;
  for (const char digit : text) {
    const std::int8_t read = value_of(base32_values, digit);
    if (read < 0)
      return std::nullopt;
    value = value << 5 | static_cast<std::uint64_t>(read);
  }
  return value;
}

bool is_base32(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return value_of(base32_values, c) >= 0; });
}

} // namespace

std::string make_secret(std::span<const std::uint8_t, 20> random, std::string_view prefix) {
  std::string text{prefix};
  text.reserve(secret_length);
  for (std::size_t group = 0; group < random.size(); group += 5) {
    std::uint64_t bits = 0;
    for (const std::uint8_t byte : random.subspan(group, 5))
      bits = bits << 8 | byte;
    append_base32(text, bits, 8);
  }
  append_base32(text, crc32(text), checksum_digits);
  return text;
}

bool well_formed(std::string_view text, std::string_view prefix) {
  if (text.size() != secret_length || !text.starts_with(prefix))
    return false;
  const std::string_view body = text.substr(0, secret_length - checksum_digits);
  const auto checksum = read_base32(text.substr(body.size()));
  return checksum && *checksum == crc32(body) && is_base32(body.substr(prefix.size()));
}

std::string masked(std::string_view secret) {
  constexpr std::size_t shown = 4;
  constexpr std::size_t length_min = 20;
  std::string text;
  for (const std::string_view prefix : {secret_prefix, admin_secret_prefix})
    if (secret.starts_with(prefix))
      text = prefix;
  text += "\u2026";
  const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
  if (secret.size() < length_min)
    return text;
  const std::string_view end = secret.substr(secret.size() - shown);
  if (std::ranges::all_of(end, printable))
    text += end;
  return text;
}

std::string to_string(key_id id) {
  const auto text = text_of(id);
  return {text.data(), text.size()};
}

std::array<char, 16> text_of(key_id id) {
  std::array<char, key_id_prefix.size() + key_id_digits> text;
  char* at = std::copy(key_id_prefix.begin(), key_id_prefix.end(), text.data());
  for (std::size_t i = key_id_digits; i-- > 0;)
    *at++ = base32[id.value >> (5 * i) & 31];
  return text;
}

std::optional<key_id> parse_key_id(std::string_view text) {
  if (text.size() != key_id_prefix.size() + key_id_digits || !text.starts_with(key_id_prefix))
    return std::nullopt;
  const auto value = read_base32(text.substr(key_id_prefix.size()));
  if (!value || *value == 0)
    return std::nullopt;
  return key_id{*value};
}

std::string to_string(const request_id& id) {
  std::string text;
  text.reserve(2 * id.bytes.size());
  for (const std::uint8_t byte : id.bytes) {
    text += base16[byte >> 4];
    text += base16[byte & 15];
  }
  return text;
}

std::optional<request_id> parse_request_id(std::string_view text) {
  request_id id;
  if (text.size() != 2 * id.bytes.size())
    return std::nullopt;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    const int high = value_of(base16_values, text[2 * i]);
    const int low = value_of(base16_values, text[2 * i + 1]);
    if (high < 0 || low < 0)
      return std::nullopt;
    id.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return id;
}

} // namespace policies::keys
