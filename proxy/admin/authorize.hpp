// Who may speak to the admin plane: pages that a browser was tricked into are kept out by Host and
// Origin, everyone else by the owner's key.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/admin/message.hpp"

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

// `field` is the value of Authorization; compared in constant time.
std::optional<problem> refuse_key(std::string_view field, std::string_view admin_key);

} // namespace proxy::admin
