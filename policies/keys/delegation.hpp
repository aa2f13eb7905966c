// What a key that may delegate can hand on: keys of its own that may less than it does, never more.
// Whatever is checked here, a request is admitted by every member of its chain; the check tells
// whoever issues a key at once what would never work.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "policies/keys/key_record.hpp"

namespace policies::keys {

// Keys with a secret in one chain: the owner's and those cut from it.
inline constexpr std::size_t delegation_depth_max = 4;
// Groups above them: a team within the account.
inline constexpr std::size_t group_depth_max = 2;

struct widening {
  std::string field; // as the owner's side names it: "rate_limits.tokens_per_minute"
  std::string why;   // "is more than the 100 of …"
};

// The first field in which `child` may more than a member of `chain` (its parent first, at least
// one). Absent limits, empty lists of models, addresses and referrers say "as its parents".
std::optional<widening> first_widening(const key_record& child,
                                       std::span<const key_record* const> chain);

// The defaults of a type, cut down to what every member of `chain` has.
void fit_within(key_record& defaults, std::span<const key_record* const> chain);

// Why a key cannot stand under `chain` at all (its parent first); nullopt: it can.
std::optional<std::string> refuse_depth(const key_record& child,
                                        std::span<const key_record* const> chain);

} // namespace policies::keys
