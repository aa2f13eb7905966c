// What a client proved by its certificate. The handshake verified the chain; nothing is verified
// here.
#pragma once

#include <memory>

#include <openssl/ssl.h>

#include "policies/access/client_certificate.hpp"

namespace proxy::tls {

// null: the client showed none, or none that a known authority vouches for.
std::unique_ptr<policies::access::client_certificate> verified_certificate(const SSL& tls);

} // namespace proxy::tls
