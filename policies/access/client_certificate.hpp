// Client certificates as a second factor: what of one a key can name, and whether one fits. Reads
// no certificate itself.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace policies::access {

// Of a certificate whose chain was verified.
struct client_certificate {
  std::string fingerprint; // SHA-256 of its DER form, 64 lower-case hexadecimal digits
  std::string subject;     // RFC 2253, like "CN=partner,O=Example"
};

// As a key keeps it: a fingerprint in lower case without colons and "sha256:", or a subject as it
// was given; nullopt: it is neither.
std::optional<std::string> canonical_certificate(std::string_view text);

// Whether one of `allowed` (canonical) is shown; no entries: whatever is shown, or nothing.
bool certificate_allowed(std::span<const std::string> allowed, const client_certificate* shown);

} // namespace policies::access
