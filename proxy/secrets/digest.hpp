// Hashes, signatures and encodings that clouds' protocols ask for, by OpenSSL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/error.hpp"

namespace proxy::secrets {

std::string sha256(std::string_view text);                            // 32 bytes
std::string hmac_sha256(std::string_view key, std::string_view text); // 32 bytes
std::string hex_of(std::string_view bytes);

std::string base64url(std::string_view bytes); // without padding
std::optional<std::string> from_base64(std::string_view text);

// RSASSA-PKCS1-v1_5 with SHA-256 ("RS256"); the key is PEM, and never in a failure.
outcome<std::string> rs256(std::string_view private_key_pem, std::string_view text);

} // namespace proxy::secrets
