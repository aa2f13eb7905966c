// Admin keys beside the configured one: a list that the store keeps as one document, so that a
// revoked one is refused by every proxy on that store at once.
#pragma once

#include <string>
#include <vector>

#include "policies/keys/secret.hpp"
#include "proxy/admin/message.hpp"
#include "proxy/admin/role.hpp"
#include "proxy/stores/key_store.hpp"

namespace proxy::admin {

inline constexpr std::size_t admin_keys_max = 100;
inline constexpr std::string_view admin_key_id_prefix = "adm_";

struct admin_key {
  std::string id; // adm_ and 12 digits
  std::string name;
  role may{};
  policies::keys::secret_hash hash{};
  std::string masked;
  policies::instant created{};
};

struct admin_key_list {
  std::string text; // as it is stored
  std::vector<admin_key> keys;
};

answer<admin_key_list> read_admin_keys(const stores::key_store& from);
// `before` is what was read: where it is not what is stored any more, the call is a conflict.
answer<void> write_admin_keys(stores::key_store& to, const admin_key_list& before,
                              const std::vector<admin_key>& keys, const stores::audit_row& why);

} // namespace proxy::admin
