// Reading a peer's certificate with OpenSSL.
#include "proxy/tls/peer_certificate.hpp"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>

#include "proxy/hex.hpp"

namespace proxy::tls {
namespace {

std::string subject_of(const X509& certificate) {
  struct closer {
    void operator()(BIO* bio) const { BIO_free(bio); }
  };
  const std::unique_ptr<BIO, closer> text{BIO_new(BIO_s_mem())};
  if (!text || X509_NAME_print_ex(text.get(), X509_get_subject_name(&certificate), 0,
                                  XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0)
    return {};
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(text.get(), &bytes);
  return {bytes, static_cast<std::size_t>(length)};
}

} // namespace

std::unique_ptr<policies::access::client_certificate> verified_certificate(const SSL& tls) {
  const X509* certificate = SSL_get0_peer_certificate(&tls);
  if (!certificate || SSL_get_verify_result(&tls) != X509_V_OK)
    return nullptr;
  std::array<std::uint8_t, 32> digest{};
  unsigned length = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &length) != 1 ||
      length != digest.size())
    return nullptr;
  return std::make_unique<policies::access::client_certificate>(
      policies::access::client_certificate{hex(digest), subject_of(*certificate)});
}

} // namespace proxy::tls
