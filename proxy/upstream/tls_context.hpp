// TLS towards the upstream: 1.2 or newer, the chain verified against the system's (or a given) CA
// file, the certificate's name checked, SNI sent. Asio and OpenSSL do none of the last two by
// themselves.
#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "proxy/error.hpp"

namespace proxy::upstream {

struct tls_deleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using tls_context = std::unique_ptr<SSL_CTX, tls_deleter>;

outcome<tls_context> make_client_context(const std::string& ca_file);
// A connection's state, ready for the handshake; nullptr on lack of memory.
SSL* make_client_tls(SSL_CTX& context, const std::string& host);

} // namespace proxy::upstream
