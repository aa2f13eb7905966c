// SHA-256 of presented secrets and random request ids: OpenSSL contexts fetched once a thread, for
// fetching them costs four times the hash.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include <openssl/evp.h>

#include "policies/keys/secret.hpp"

namespace proxy::session {

class hasher {
 public:
  hasher();
  policies::keys::secret_hash of(std::string_view secret);

 private:
  struct free_digest {
    void operator()(EVP_MD* what) const { EVP_MD_free(what); }
    void operator()(EVP_MD_CTX* what) const { EVP_MD_CTX_free(what); }
  };
  std::unique_ptr<EVP_MD, free_digest> algorithm_;
  std::unique_ptr<EVP_MD_CTX, free_digest> context_;
};

// Unpredictable 128-bit ids, drawn from the system's generator a page at a time.
class request_ids {
 public:
  policies::request_id next();

 private:
  std::array<std::uint8_t, 4096> random_{};
  std::size_t used_ = sizeof random_;
};

} // namespace proxy::session
