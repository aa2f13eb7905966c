// Certificates made on the spot by OpenSSL: an authority, and servers' of every kind that a client
// has to judge.
#pragma once

#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace upstream_test {

struct x509_deleter {
  void operator()(X509* what) const { X509_free(what); }
  void operator()(EVP_PKEY* what) const { EVP_PKEY_free(what); }
  void operator()(SSL_CTX* what) const { SSL_CTX_free(what); }
};
using certificate_ptr = std::unique_ptr<X509, x509_deleter>;
using key_ptr = std::unique_ptr<EVP_PKEY, x509_deleter>;
using context_ptr = std::unique_ptr<SSL_CTX, x509_deleter>;

struct identity {
  certificate_ptr certificate;
  key_ptr key;
  std::string pem() const;
};

struct certificate_request {
  std::string names; // "DNS:example.com, IP:127.0.0.1"
  int valid_from_days = -1;
  int valid_until_days = 1;
  bool may_sign = false;
};

// `issuer` nullptr: signed by itself.
identity make_identity(const certificate_request& wanted, const identity* issuer);

// A server's context; `version`: the only protocol it speaks, 0: whatever OpenSSL does.
context_ptr server_context(const identity& own, int version = 0);

} // namespace upstream_test
