// The text of a secret: "sk-ds-" + 32 digits of Crockford base32 (160 random bits) + 7 digits of
// CRC32 over all before it. The checksum refuses typos without a look-up and lets scanners find
// leaks; 160 random bits need no salt: the table is keyed by the secret's SHA-256.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policies/types.hpp"

namespace policies::keys {

inline constexpr std::string_view secret_prefix = "sk-ds-";
// Of the admin plane's keys: the data plane does not even look them up.
inline constexpr std::string_view admin_secret_prefix = "ak-ds-";
inline constexpr std::size_t secret_length = 6 + 32 + 7;

using secret_hash = std::array<std::uint8_t, 32>; // SHA-256 of the secret's text

std::string make_secret(std::span<const std::uint8_t, 20> random,
                        std::string_view prefix = secret_prefix);
// Whether the text is a well-formed secret: length, prefix, alphabet, checksum.
bool well_formed(std::string_view text, std::string_view prefix = secret_prefix);
// "sk-ds-…x7q2": what lists and logs may show. Any text may be given: of one that is too short to
// lose four characters, or ends in unprintable ones, nothing but its well-known prefix is shown.
std::string masked(std::string_view secret);

std::string to_string(key_id id);        // "key_" + 12 digits
std::array<char, 16> text_of(key_id id); // the same, for who writes many
// The exact spelling of to_string; the id 0, which stands for none, is refused.
std::optional<key_id> parse_key_id(std::string_view text);
std::string to_string(const request_id& id); // 32 hex digits, lower case
std::optional<request_id> parse_request_id(std::string_view text);

} // namespace policies::keys
