// Who may speak to the admin plane: pages that a browser was tricked into are kept out by Host and
// Origin, everyone else by the owner's key.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/admin/admin_context.hpp"
#include "proxy/admin/message.hpp"
#include "proxy/admin/role.hpp"

namespace proxy::admin {

// DNS rebinding makes a browser send requests here under a name of the attacker's: only names and
// addresses that are this machine's pass. `addresses`: where this server listens, and the local
// address of the connection. `origin` absent: no browser's cross-origin call.
struct where_from {
  std::string_view host; // the Host field; empty where it is absent or doubled
  std::optional<std::string_view> origin;
  std::string_view listen_address;
  std::string_view local_address;
};
std::optional<problem> refuse_host(const where_from& request);

struct identity {
  std::string actor; // as the audit trail names it
  role may{};
};
// `field` is the value of Authorization. Keys are compared in constant time.
answer<identity> identify(std::string_view field, const admin_context& context);

// Whether that role suffices for a call of which `what` is "POST /v1/keys".
std::optional<problem> refuse_role(const identity& caller, role needed, std::string_view what);

} // namespace proxy::admin
