// Digests and random ids.
#include "proxy/session/hasher.hpp"

#include <cstring>
#include <stdexcept>

#include <openssl/rand.h>

namespace proxy::session {

hasher::hasher()
    : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {
  if (!algorithm_ || !context_)
    throw std::runtime_error("OpenSSL has no SHA-256");
}

policies::keys::secret_hash hasher::of(std::string_view secret) {
  policies::keys::secret_hash hash{};
  unsigned length = 0;
  EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr);
  EVP_DigestUpdate(context_.get(), secret.data(), secret.size());
  EVP_DigestFinal_ex(context_.get(), hash.data(), &length);
  return hash;
}

policies::request_id request_ids::next() {
  policies::request_id id;
  if (used_ + id.bytes.size() > random_.size()) {
    if (RAND_bytes(random_.data(), static_cast<int>(random_.size())) != 1)
      throw std::runtime_error("the system's random generator failed");
    used_ = 0;
  }
  std::memcpy(id.bytes.data(), random_.data() + used_, id.bytes.size());
  used_ += id.bytes.size();
  return id;
}

} // namespace proxy::session
