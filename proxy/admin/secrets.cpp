// Bytes in, texts out; what was read of the randomness is wiped.
#include "proxy/admin/secrets.hpp"

#include <array>

#include <openssl/crypto.h>

#include "policies/keys/secret.hpp"
#include "proxy/admin/admin_keys.hpp"

namespace proxy::admin {
namespace {

constexpr std::string_view admin_secret_prefix = "ak-ds-";

policies::key_id random_id(const admin_context& context) {
  std::array<std::byte, 8> bytes;
  context.random(bytes);
  std::uint64_t value = 0;
  for (const std::byte each : bytes)
    value = value << 8 | std::to_integer<std::uint64_t>(each);
  return policies::key_id{value >> 4};
}

} // namespace

policies::key_id new_id(const admin_context& context) {
  for (;;)
    if (const auto id = random_id(context); id && !context.directory.by_id(id))
      return id;
}

std::string new_secret(const admin_context& context) {
  std::array<std::uint8_t, 20> bytes;
  context.random(std::as_writable_bytes(std::span{bytes}));
  std::string secret = policies::keys::make_secret(bytes);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return secret;
}

std::string new_admin_id(const admin_context& context) {
  const std::string like_a_key = policies::keys::to_string(random_id(context));
  return std::string(admin_key_id_prefix) + like_a_key.substr(like_a_key.find('_') + 1);
}

std::string new_admin_secret(const admin_context& context) {
  const std::string like_a_key = new_secret(context);
  return std::string(admin_secret_prefix) + like_a_key.substr(policies::keys::secret_prefix.size());
}

std::string masked_admin_secret(std::string_view secret) {
  return std::string(admin_secret_prefix) + "\u2026" +
         std::string(secret.substr(secret.size() - 4));
}

} // namespace proxy::admin
