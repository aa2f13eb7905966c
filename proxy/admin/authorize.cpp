// Comparing names without case, and keys without a clock that tells.
#include "proxy/admin/authorize.hpp"

#include <algorithm>

#include <openssl/crypto.h>

#include "policies/access/web_address.hpp"
#include "policies/keys/rotation.hpp"
#include "policies/keys/secret.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/sha256.hpp"

namespace proxy::admin {
namespace {

using policies::access::equal_ignoring_case;

struct authority {
  std::string_view host;
  std::string_view port;
};

// "name", "name:port", "[::1]:port"; an address in brackets is told without them.
std::optional<authority> parse_authority(std::string_view text) {
  std::string_view port;
  const std::size_t colon = text.rfind(':');
  if (colon != text.npos && !text.ends_with(']')) {
    port = text.substr(colon + 1);
    if (!policies::access::is_port(port))
      return std::nullopt;
    text = text.substr(0, colon);
  }
  if (!policies::access::is_host(text))
    return std::nullopt;
  if (text.starts_with('['))
    text = text.substr(1, text.size() - 2);
  return authority{text, port};
}

bool ours(std::string_view host, const where_from& request) {
  for (const std::string_view known :
       {std::string_view{"localhost"}, std::string_view{"127.0.0.1"}, std::string_view{"::1"},
        request.listen_address, request.local_address})
    if (equal_ignoring_case(host, known))
      return true;
  return request.tls && tls::covers_host(*request.tls, host);
}

problem bad_key(std::string message) {
  return {.status = 401, .message = std::move(message), .code = "invalid_api_key"};
}

// The words are the data plane's, so that programs which look for "expired" or "invalid" find them.
answer<caller> caller_of(const policies::keys::key_record& record, std::string_view peer,
                         policies::instant now) {
  using policies::keys::key_status;
  if (!record.role || record.status != key_status::active)
    return bad_key("this admin key is invalid: it was deactivated or deleted");
  if (record.expires_at && *record.expires_at <= now)
    return problem{.status = 401,
                   .message = "this admin key has expired on " + rfc3339(*record.expires_at),
                   .code = "expired_api_key"};
  const auto address = policies::access::parse_ip(peer);
  if (!record.allowed_ips.empty() &&
      (!address || !policies::access::any_contains(record.allowed_ips, *address)))
    return problem{.status = 403,
                   .message = "the address " + std::string(peer) +
                              " is not among the allowed IPs of this admin key",
                   .code = "ip_not_allowed"};
  return caller{.actor = record.name + " (" + policies::keys::to_string(record.id) + ")",
                .role = *record.role,
                .admin_key = record.id};
}

answer<caller> caller_of_issued(const admin_context& context,
                                const policies::keys::secret_hash& hash, std::string_view peer,
                                policies::instant now) {
  const keys::key_slot* slot = context.directory.find_used(hash, now);
  const auto record = slot ? context.directory.copy_of(slot->id) : nullptr;
  if (!record)
    return bad_key("invalid admin key");
  const auto secret = std::ranges::find(record->secrets, hash, &policies::keys::key_secret::hash);
  if (secret == record->secrets.end())
    return bad_key("invalid admin key");
  if (!policies::keys::is_valid(*secret, now))
    return problem{.status = 401,
                   .message = "this admin key has expired: it was rotated; use the new one",
                   .code = "expired_api_key"};
  return caller_of(*record, peer, now);
}

} // namespace

std::optional<problem> refuse_host(const where_from& request) {
  const auto host = parse_authority(request.host);
  if (!host || !ours(host->host, request))
    return problem{.status = 403,
                   .message = "the Host field says '" + shown(request.host) +
                              "': this admin plane answers to localhost, 127.0.0.1, [::1], the "
                              "address it listens on and the names in its certificate",
                   .code = "host_not_allowed"};
  if (!request.origin)
    return std::nullopt;
  std::string_view origin = *request.origin;
  origin.remove_prefix(std::min(origin.size(), origin.find("://")));
  origin.remove_prefix(std::min<std::size_t>(origin.size(), 3));
  if (!equal_ignoring_case(origin, request.host))
    return problem{.status = 403,
                   .message =
                       "a page of '" + shown(*request.origin) + "' may not call this admin plane",
                   .code = "origin_not_allowed"};
  return std::nullopt;
}

answer<caller> caller_of_session(const admin_context& context, const caller& opened_by,
                                 std::string_view peer, policies::instant now) {
  if (!opened_by.admin_key)
    return opened_by;
  const auto record = context.directory.copy_of(*opened_by.admin_key);
  if (!record)
    return bad_key("the admin key of this session is gone: sign in with another one");
  return caller_of(*record, peer, now);
}

answer<caller> caller_of_key(const admin_context& context, std::string_view field,
                             std::string_view peer, policies::instant now) {
  constexpr std::string_view scheme = "Bearer ";
  if (field.empty())
    return bad_key("no admin key: send it as 'Authorization: Bearer ADMIN_KEY'. It is what "
                   "admin.key in the configuration names, or stands in admin.key in the data "
                   "directory");
  if (field.size() <= scheme.size() || !equal_ignoring_case(field.substr(0, scheme.size()), scheme))
    return bad_key("the Authorization field is invalid: it should read 'Bearer ADMIN_KEY'");
  std::string_view key = field.substr(scheme.size());
  key.remove_prefix(std::min(key.find_first_not_of(' '), key.size()));
  // Digests are of one length: how long the right key is cannot be learnt either.
  const auto given = sha256(key);
  if (CRYPTO_memcmp(given.data(), context.admin_key.data(), given.size()) == 0)
    return caller{};
  if (policies::keys::well_formed(key, policies::keys::admin_secret_prefix))
    return caller_of_issued(context, given, peer, now);
  if (policies::keys::well_formed(key))
    return bad_key("invalid admin key: this is a sub-key, which calls models through the data "
                   "plane; the admin plane takes the owner's admin key");
  return bad_key("invalid admin key");
}

} // namespace proxy::admin
