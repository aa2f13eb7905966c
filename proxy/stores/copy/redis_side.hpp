// A Redis as one side of a copy.
#pragma once

#include <openssl/ssl.h>

#include "proxy/stores/copy/side.hpp"
#include "proxy/stores/redis/address.hpp"

namespace proxy::stores::copy {

// `tls`: nullptr for plain; outlives the side.
outcome<std::unique_ptr<side>> open_redis(const redis::address& where, SSL_CTX* tls);

} // namespace proxy::stores::copy
