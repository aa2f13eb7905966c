// OpenSSL's settings for connections to the upstream.
#include "proxy/upstream/tls_context.hpp"

#include <arpa/inet.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace proxy::upstream {

outcome<tls_context> make_client_context(const std::string& ca_file) {
  tls_context context{SSL_CTX_new(TLS_client_method())};
  if (!context)
    return failure{errc::bad_configuration, "OpenSSL has no TLS client"};
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);
  // Nobody resumes sessions (connections are kept instead), so none is stored.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  const int loaded = ca_file.empty()
                         ? SSL_CTX_set_default_verify_paths(context.get())
                         : SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr);
  if (loaded == 1)
    return context;
  ERR_clear_error();
  return failure{errc::bad_configuration,
                 "upstream.ca_file: cannot load certificates from " +
                     (ca_file.empty() ? "the system's store (install ca-certificates)" : ca_file)};
}

SSL* make_client_tls(SSL_CTX& context, const std::string& host) {
  SSL* tls = SSL_new(&context);
  if (!tls)
    return nullptr;
  SSL_set_connect_state(tls);
  X509_VERIFY_PARAM* check = SSL_get0_param(tls);
  X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  in6_addr address{};
  const bool is_address = ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
                          ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
  const bool set = is_address
                       ? X509_VERIFY_PARAM_set1_ip_asc(check, host.c_str()) == 1
                       : SSL_set_tlsext_host_name(tls, host.c_str()) == 1 &&
                             X509_VERIFY_PARAM_set1_host(check, host.c_str(), host.size()) == 1;
  if (set)
    return tls;
  SSL_free(tls);
  return nullptr;
}

} // namespace proxy::upstream
