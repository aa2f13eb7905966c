// Everything that is decided about a key, as data; how much of it is used is not here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policies/access/ip_list.hpp"
#include "policies/access/referrer_list.hpp"
#include "policies/access/route.hpp"
#include "policies/keys/secret.hpp"
#include "policies/limits/limit_set.hpp"
#include "policies/types.hpp"

namespace policies::keys {

enum class key_type : std::uint8_t { production, development, restricted };
enum class key_status : std::uint8_t { active, inactive, deleted };
enum class accounting : std::uint8_t { adaptive, strict };
// What an admin key may do; each role may all that those before it may.
enum class admin_role : std::uint8_t { viewer, operator_, owner };

// A name that the key's clients ask for, and the model that is asked of the upstream instead.
struct model_alias {
  std::string name;
  std::string model;
  bool operator==(const model_alias&) const = default;
};

// A secret of a key: after a rotation two are valid for a while.
struct key_secret {
  secret_hash hash{};
  std::string masked;
  instant created{};
  std::optional<instant> valid_until; // end of the grace period; nullopt: no end
  bool operator==(const key_secret&) const = default;
};

inline constexpr std::uint32_t max_wait_ms_max = 120'000;
inline constexpr std::uint32_t cache_ttl_s_max = 7 * 86'400;

struct key_record {
  key_id id;
  std::optional<key_id> parent; // delegation and groups
  std::string name;
  std::string description;
  std::string environment; // free text, the guide's "Production"
  key_type type = key_type::production;
  key_status status = key_status::active;
  bool is_group = false;          // a parent without a secret
  bool may_delegate = false;      // may issue narrower keys of its own by the data plane
  bool locked = false;            // deactivated by the owner's side: no delegating key activates it
  std::optional<admin_role> role; // a key of the admin plane; the data plane does not know it
  accounting token_accounting = accounting::adaptive;
  std::optional<std::int16_t> rotate_every_days;
  access::permission_set permissions;
  std::vector<std::string> models;  // empty: all; exact names, or a prefix ending in *
  std::vector<model_alias> aliases; // each name once
  limits::limit_set limits;
  std::optional<nano_usd> daily_budget;                    // alerts only
  std::vector<access::ip_network> allowed_ips;             // empty: all
  std::vector<access::referrer_pattern> allowed_referrers; // empty: all
  std::uint32_t max_wait_ms = 0; // waits in line for its rate limits instead of a 429; 0: does not
  std::uint32_t cache_ttl_s = 0; // an equal request gets the answer of the one before; 0: never
  std::optional<instant> expires_at;
  instant created{};
  instant updated{};
  std::uint64_t version = 1;        // ETag: grows with each change
  std::vector<key_secret> secrets;  // newest first
  std::string metadata_json = "{}"; // the owner's own, an object
  std::uint64_t created_by = 0; // fingerprint of the Idempotency-Key it was created with; 0: none
  bool operator==(const key_record&) const = default;
};

// Defaults of a type: production: every permission but account, no limits. development: the model
// deepseek-flash (and its alias names), rpm 60, tpm 40,000, $10 a month. restricted: nothing that
// is not named, strict accounting. Applied before the owner's own fields.
key_record defaults_of(key_type type);

std::string_view name_of(key_type type);
std::optional<key_type> key_type_named(std::string_view name);
std::string_view name_of(key_status status);
std::string_view name_of(accounting how);
std::optional<accounting> accounting_named(std::string_view name);

std::string_view name_of(admin_role role);
std::optional<admin_role> admin_role_named(std::string_view name);

// What the upstream is asked for where a client of the key says `model`.
std::string_view aliased(const key_record& key, std::string_view model);
bool model_allowed(const key_record& key, std::string_view model);

} // namespace policies::keys
