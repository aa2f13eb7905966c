// SHA-256 of a short text.
#pragma once

#include <string_view>

#include "policies/keys/secret.hpp"

namespace proxy::admin {

policies::keys::secret_hash sha256(std::string_view text); // throws where OpenSSL fails

} // namespace proxy::admin
