// TLS towards clients: which files it is made from, and how they become OpenSSL's settings. Knows
// no socket and no configuration file.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "proxy/error.hpp"

namespace proxy::tls {

struct server_files {
  std::string section; // "server" or "admin": named in failures
  std::string cert;    // PEM: the certificate, then its chain
  std::string key;
  std::string client_ca; // empty: no client is asked for a certificate
};

// A connection keeps the settings it began with, whatever is loaded meanwhile.
using context = std::shared_ptr<SSL_CTX>;

// TLS 1.2 with forward secrecy and AEAD, or 1.3; ALPN http/1.1; sessions are resumed by tickets,
// never with early data, which could be replayed.
outcome<context> make_server_context(const server_files& files);
// A connection's state, ready for the handshake; nullptr on lack of memory.
SSL* make_server_tls(SSL_CTX& settings);

std::chrono::system_clock::time_point expiry_of(SSL_CTX& settings);
// Whether the certificate is for a host of this name or address.
bool covers_host(SSL_CTX& settings, std::string_view host);

} // namespace proxy::tls
