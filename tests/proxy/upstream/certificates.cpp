// X.509 by hand.
#include "tests/proxy/upstream/certificates.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/support/catch.hpp"

namespace upstream_test {
namespace {

void add_extension(X509* to, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  REQUIRE(made != nullptr);
  REQUIRE(X509_add_ext(to, made, -1) == 1);
  X509_EXTENSION_free(made);
}

} // namespace

std::string identity::pem() const {
  BIO* memory = BIO_new(BIO_s_mem());
  REQUIRE(PEM_write_bio_X509(memory, certificate.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return text;
}

identity make_identity(const certificate_request& wanted, const identity* issuer) {
  static long serial = 1000;
  constexpr long day_seconds = 24 * 3600;
  identity made{certificate_ptr{X509_new()}, key_ptr{EVP_EC_gen("P-256")}};
  X509* x = made.certificate.get();
  REQUIRE(made.key != nullptr);
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x), wanted.valid_from_days * day_seconds);
  X509_gmtime_adj(X509_getm_notAfter(x), wanted.valid_until_days * day_seconds);
  X509_set_pubkey(x, made.key.get());
  const std::string name = "test " + std::to_string(serial);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509* signer = issuer ? issuer->certificate.get() : x;
  X509_set_issuer_name(x, X509_get_subject_name(signer));
  add_extension(x, signer, NID_basic_constraints,
                wanted.may_sign ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (wanted.may_sign)
    add_extension(x, signer, NID_key_usage, "critical,keyCertSign");
  if (!wanted.names.empty())
    add_extension(x, signer, NID_subject_alt_name, wanted.names);
  REQUIRE(X509_sign(x, issuer ? issuer->key.get() : made.key.get(), EVP_sha256()) > 0);
  return made;
}

context_ptr server_context(const identity& own, int version) {
  context_ptr context{SSL_CTX_new(TLS_server_method())};
  if (version != 0) {
    // OpenSSL offers what is older than 1.2 only at security level 0.
    SSL_CTX_set_security_level(context.get(), 0);
    REQUIRE(SSL_CTX_set_min_proto_version(context.get(), version) == 1);
    REQUIRE(SSL_CTX_set_max_proto_version(context.get(), version) == 1);
  }
  REQUIRE(SSL_CTX_use_certificate(context.get(), own.certificate.get()) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey(context.get(), own.key.get()) == 1);
  return context;
}

} // namespace upstream_test
