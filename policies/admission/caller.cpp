// Whether a caller may use its key at all, from here, for this route. Every member of the chain is
// asked about one thing before any is asked about the next.
#include <algorithm>

#include "policies/admission/admission.hpp"
#include "policies/admission/wording.hpp"

namespace policies::admission {
namespace {

using chain_view = std::span<const keys::key_record* const>;

refusal refused(refusal_code code, std::string message) {
  return {.code = code, .message = by_proxy(std::move(message)), .param = {}, .retry_after = {}};
}

refusal unknown_key() {
  return refused(refusal_code::invalid_api_key,
                 "API key is invalid: no key of this proxy has this secret; check that it was "
                 "copied as a whole.");
}

// The guide's programs take the word "invalid" to mean: check whether the key was deactivated.
std::optional<refusal> check_status(const keys::key_record& member, std::size_t depth) {
  if (member.status == keys::key_status::active)
    return std::nullopt;
  const bool deleted = member.status == keys::key_status::deleted;
  if (depth == 0 && deleted)
    return refused(
        refusal_code::invalid_api_key,
        "API key is invalid: it was deleted; ask the owner of this proxy for a new one.");
  if (depth == 0)
    return refused(
        refusal_code::inactive_api_key,
        "API key is deactivated, and invalid until the owner of this proxy activates it again.");
  return refused(refusal_code::inactive_api_key,
                 "API key is invalid while " + owner_of(member, depth) + " that it belongs to is " +
                     (deleted ? "deleted" : "deactivated") + "; ask the owner of this proxy.");
}

// Speaks of a parent by its id, whose alphabet cannot spell "invalid"; a name could.
std::optional<refusal> check_expiry(const keys::key_record& member, std::size_t depth,
                                    instant now) {
  if (!member.expires_at || now < *member.expires_at)
    return std::nullopt;
  const std::string when = iso_time(*member.expires_at);
  if (depth == 0)
    return refused(refusal_code::expired_api_key,
                   "API key has expired on " + when +
                       "; ask the owner of this proxy for a new one.");
  return refused(refusal_code::expired_api_key, "API key has expired together with its parent " +
                                                    keys::to_string(member.id) + " on " + when +
                                                    "; ask the owner of this proxy.");
}

std::optional<refusal> check_secret(const keys::key_record& key, const keys::secret_hash* presented,
                                    instant now) {
  if (presented == nullptr)
    return std::nullopt;
  const auto secret = std::ranges::find(key.secrets, *presented, &keys::key_secret::hash);
  if (secret == key.secrets.end())
    return unknown_key();
  if (!secret->valid_until || now < *secret->valid_until)
    return std::nullopt;
  return refused(refusal_code::expired_api_key,
                 "API key has expired: it was rotated, and the time to change over ended on " +
                     iso_time(*secret->valid_until) + "; use the new one.");
}

std::optional<refusal> check_address(const keys::key_record& member, std::size_t depth,
                                     const access::ip_address& address) {
  if (member.allowed_ips.empty() || access::any_contains(member.allowed_ips, address))
    return std::nullopt;
  return refused(refusal_code::ip_not_allowed,
                 "The address " + access::to_string(address) + " is not among the allowed IPs of " +
                     owner_of(member, depth) + "; ask the owner of this proxy to add it.");
}

std::optional<refusal> check_referrer(const keys::key_record& member, std::size_t depth,
                                      const caller_facts& facts) {
  if (access::referrer_allowed(member.allowed_referrers, facts.referer, facts.origin))
    return std::nullopt;
  const bool silent = facts.referer.empty() && facts.origin.empty();
  return refused(refusal_code::referrer_not_allowed,
                 std::string{silent ? "The request has neither Referer nor Origin, and "
                                    : "The request's Referer or Origin does not match: "} +
                     owner_of(member, depth) +
                     " can be used only from the web pages in its list of allowed referrers.");
}

std::optional<refusal> check_certificate(const keys::key_record& member, std::size_t depth,
                                         const access::client_certificate* shown) {
  if (access::certificate_allowed(member.client_certificates, shown))
    return std::nullopt;
  return refused(refusal_code::certificate_not_allowed,
                 std::string{shown ? "The client certificate is not among those of "
                                   : "No client certificate was shown, which is needed for "} +
                     owner_of(member, depth) + "; ask the owner of this proxy.");
}

refusal lacks_permission(const keys::key_record& member, std::size_t depth,
                         access::permission needed) {
  const std::string name{access::name_of(needed)};
  return refused(refusal_code::permission_denied, "The permission \"" + name +
                                                      "\" is needed, which " +
                                                      owner_of(member, depth) + " does not have.");
}

} // namespace

std::optional<refusal> check_permission(chain_view chain, access::permission needed) {
  for (std::size_t depth = 0; depth < chain.size(); ++depth)
    if (!chain[depth]->permissions.has(needed))
      return lacks_permission(*chain[depth], depth, needed);
  return std::nullopt;
}

std::optional<refusal> check_caller(chain_view chain, const caller_facts& facts,
                                    const access::route& route, instant now) {
  if (chain.empty())
    return unknown_key();
  for (std::size_t depth = 0; depth < chain.size(); ++depth) {
    if (auto wrong = check_status(*chain[depth], depth))
      return wrong;
    if (auto wrong = check_expiry(*chain[depth], depth, now))
      return wrong;
  }
  if (auto wrong = check_secret(*chain.front(), facts.presented, now))
    return wrong;
  for (std::size_t depth = 0; depth < chain.size(); ++depth)
    if (auto wrong = check_address(*chain[depth], depth, facts.address))
      return wrong;
  for (std::size_t depth = 0; depth < chain.size(); ++depth)
    if (auto wrong = check_referrer(*chain[depth], depth, facts))
      return wrong;
  for (std::size_t depth = 0; depth < chain.size(); ++depth)
    if (auto wrong = check_certificate(*chain[depth], depth, facts.certificate))
      return wrong;
  return route.needs ? check_permission(chain, *route.needs) : std::nullopt;
}

} // namespace policies::admission
