// OpenSSL's settings for connections from clients.
#include "proxy/tls/server_context.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <string_view>

namespace proxy::tls {
namespace {

// The reason that OpenSSL gave last; never a file's contents.
std::string reason() {
  const unsigned long error = ERR_peek_last_error();
  const char* text = ERR_reason_error_string(error);
  std::string out = text ? text : "not readable";
  ERR_clear_error();
  return out;
}

failure unusable(const server_files& files, std::string_view setting, const std::string& path) {
  return {errc::bad_configuration,
          files.section + "." + std::string(setting) + ": cannot use " + path + ": " + reason()};
}

// Clients that offer protocols must offer this one; those that offer none are taken to mean it.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length,
                    const unsigned char* offered, unsigned offered_length, void*) {
  static constexpr unsigned char ours[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, length, ours, sizeof ours - 1, offered, offered_length) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

void harden(SSL_CTX& into) {
  SSL_CTX_set_min_proto_version(&into, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(&into, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(&into, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(&into, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(&into, 1);
  SSL_CTX_set_max_early_data(&into, 0);
  SSL_CTX_set_alpn_select_cb(&into, choose_protocol, nullptr);
  // Tickets only: no memory is kept for clients that are gone. Their keys are this context's, so
  // that nothing outlives a change of certificate or authorities.
  SSL_CTX_set_session_cache_mode(&into, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(&into, 1);
  constexpr unsigned char name[] = "deepseek-proxy";
  SSL_CTX_set_session_id_context(&into, name, sizeof name - 1);
  // A key with a passphrase is refused, not asked about on a terminal.
  SSL_CTX_set_default_passwd_cb(&into, [](char*, int, int, void*) { return -1; });
}

outcome<void> load(SSL_CTX& into, const server_files& files) {
  if (SSL_CTX_use_certificate_chain_file(&into, files.cert.c_str()) != 1)
    return unusable(files, "tls_cert", files.cert);
  if (SSL_CTX_use_PrivateKey_file(&into, files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(&into) != 1)
    return unusable(files, "tls_key", files.key);
  if (files.client_ca.empty())
    return {};
  auto* names = SSL_load_client_CA_file(files.client_ca.c_str());
  if (!names || SSL_CTX_load_verify_locations(&into, files.client_ca.c_str(), nullptr) != 1)
    return unusable(files, "tls_client_ca", files.client_ca);
  SSL_CTX_set_client_CA_list(&into, names);
  // Not demanded of everyone: a key demands it.
  SSL_CTX_set_verify(&into, SSL_VERIFY_PEER, nullptr);
  return {};
}

} // namespace

outcome<context> make_server_context(const server_files& files) {
  ERR_clear_error();
  const context made{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
  if (!made)
    return failure{errc::bad_configuration, "OpenSSL has no TLS server"};
  harden(*made);
  if (auto done = load(*made, files); !done)
    return done.error();
  return made;
}

SSL* make_server_tls(SSL_CTX& settings) {
  SSL* tls = SSL_new(&settings);
  if (tls)
    SSL_set_accept_state(tls);
  return tls;
}

std::chrono::system_clock::time_point expiry_of(SSL_CTX& settings) {
  tm fields{};
  const X509* certificate = SSL_CTX_get0_certificate(&settings);
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &fields) != 1)
    return {};
  return std::chrono::system_clock::from_time_t(::timegm(&fields));
}

bool covers_host(SSL_CTX& settings, std::string_view host) {
  X509* certificate = SSL_CTX_get0_certificate(&settings);
  if (!certificate || host.empty())
    return false;
  const std::string name{host};
  return X509_check_host(certificate, name.data(), name.size(), 0, nullptr) == 1 ||
         X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
}

} // namespace proxy::tls
