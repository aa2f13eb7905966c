// Overwrites a secret that is no longer needed, so that it is not found in memory that was freed.
#pragma once

#include <string>

#include <openssl/crypto.h>

namespace proxy::secrets {

inline void wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

} // namespace proxy::secrets
