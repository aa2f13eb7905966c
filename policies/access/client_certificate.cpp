// Fingerprints and subjects.
#include "policies/access/client_certificate.hpp"

#include <algorithm>

namespace policies::access {
namespace {

constexpr std::size_t fingerprint_length = 64;
constexpr std::size_t subject_length_max = 512;

std::optional<std::string> fingerprint(std::string_view text) {
  constexpr std::string_view mark = "sha256:";
  if (text.starts_with(mark))
    text.remove_prefix(mark.size());
  std::string digits;
  for (const char c : text) {
    const char low = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    if ((low >= '0' && low <= '9') || (low >= 'a' && low <= 'f'))
      digits += low;
    else if (c != ':')
      return std::nullopt;
  }
  if (digits.size() != fingerprint_length)
    return std::nullopt;
  return digits;
}

} // namespace

std::optional<std::string> canonical_certificate(std::string_view text) {
  if (auto digits = fingerprint(text))
    return digits;
  const std::size_t equals = text.find('=');
  const bool printable = std::ranges::all_of(
      text, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; });
  if (equals == 0 || equals == text.npos || text.size() > subject_length_max || !printable)
    return std::nullopt;
  return std::string(text);
}

bool certificate_allowed(std::span<const std::string> allowed, const client_certificate* shown) {
  if (allowed.empty())
    return true;
  return shown && std::ranges::any_of(allowed, [&](const std::string& each) {
           return each == shown->fingerprint || each == shown->subject;
         });
}

} // namespace policies::access
