// Who may speak to the admin plane: pages that a browser was tricked into are kept out by Host and
// Origin, everyone else by the owner's key.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/admin/admin_context.hpp"
#include "proxy/admin/message.hpp"
#include "proxy/tls/server_context.hpp"

namespace proxy::admin {

// DNS rebinding makes a browser send requests here under a name of the attacker's: only names and
// addresses that are this machine's pass. `addresses`: where this server listens, and the local
// address of the connection. `origin` absent: no browser's cross-origin call.
struct where_from {
  std::string_view host; // the Host field; empty where it is absent or doubled
  std::optional<std::string_view> origin;
  std::string_view listen_address;
  std::string_view local_address;
  SSL_CTX* tls = nullptr; // whose certificate names this machine, too; null: plain HTTP
};
std::optional<problem> refuse_host(const where_from& request);

// Whose key the value of Authorization is: the configured one, compared in constant time, or one
// that was issued, if it is in force and may be used from `peer`.
answer<caller> caller_of_key(const admin_context& context, std::string_view field,
                             std::string_view peer, policies::instant now);
// Whether a session that was opened with an admin key may go on: the key may have ended meanwhile.
// The role is the key's of now.
answer<caller> caller_of_session(const admin_context& context, const caller& opened_by,
                                 std::string_view peer, policies::instant now);

} // namespace proxy::admin
