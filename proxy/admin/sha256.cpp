// OpenSSL's one-shot digest.
#include "proxy/admin/sha256.hpp"

#include <stdexcept>

#include <openssl/evp.h>

namespace proxy::admin {

policies::keys::secret_hash sha256(std::string_view text) {
  policies::keys::secret_hash out;
  unsigned int length = 0;
  if (EVP_Digest(text.data(), text.size(), out.data(), &length, EVP_sha256(), nullptr) != 1 ||
      length != out.size())
    throw std::runtime_error("SHA-256 failed");
  return out;
}

} // namespace proxy::admin
