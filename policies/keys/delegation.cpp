// Field by field against each member of the chain.
#include "policies/keys/delegation.hpp"

#include <algorithm>
#include <array>

namespace policies::keys {
namespace {

using found = std::optional<widening>;
using limits::limit_set;

std::string owner(const key_record& parent) {
  return to_string(parent.id);
}

template <class Value>
struct named_limit {
  const char* name;
  std::optional<Value> limit_set::*member;
};

constexpr std::array<named_limit<std::int64_t>, 5> counts{
    {{"requests_per_minute", &limit_set::requests_per_minute},
     {"burst_requests", &limit_set::burst_requests},
     {"tokens_per_minute", &limit_set::tokens_per_minute},
     {"burst_tokens", &limit_set::burst_tokens},
     {"concurrent_requests", &limit_set::concurrent_requests}}};
constexpr std::array<named_limit<nano_usd>, 3> amounts{
    {{"monthly_spending_limit", &limit_set::monthly},
     {"daily_spending_limit", &limit_set::daily},
     {"total_spending_limit", &limit_set::total}}};

template <class Limits>
found wider_limit(const key_record& child, const key_record& parent, const Limits& all) {
  for (const auto& each : all) {
    const auto& asked = child.limits.*each.member;
    const auto& had = parent.limits.*each.member;
    if (asked && had && *asked > *had)
      return widening{std::string("rate_limits.") + each.name,
                      "is more than " + owner(parent) + " has itself"};
  }
  return std::nullopt;
}

found wider_permissions(const key_record& child, const key_record& parent) {
  for (int i = 0; i < access::permission_count; ++i) {
    const auto each = static_cast<access::permission>(i);
    if (child.permissions.has(each) && !parent.permissions.has(each))
      return widening{"permissions", "has " + std::string(access::name_of(each)) + ", which " +
                                         owner(parent) + " does not have"};
  }
  return std::nullopt;
}

// "deepseek-*" covers every name and every prefix that begins so.
bool covers(std::string_view pattern, std::string_view entry) {
  if (!pattern.ends_with('*'))
    return entry == pattern;
  pattern.remove_suffix(1);
  return entry.starts_with(pattern);
}

bool covers(const access::ip_network& known, const access::ip_network& asked) {
  return known.covers(asked);
}

// Equal, or the same pages of fewer hosts: what is not surely narrower is taken for wider.
bool covers(const access::referrer_pattern& known, const access::referrer_pattern& asked) {
  const bool host =
      known.subdomains
          ? asked.host == known.host ? asked.subdomains : asked.host.ends_with("." + known.host)
          : asked.host == known.host && !asked.subdomains;
  return host && (known.scheme.empty() || known.scheme == asked.scheme) &&
         (known.port == "*" || known.port == asked.port) &&
         (known.path == "/*" || known.path == asked.path);
}

std::string shown(const std::string& model) {
  return model;
}
std::string shown(const access::ip_network& network) {
  return access::to_string(network);
}
std::string shown(const access::referrer_pattern& pattern) {
  return access::to_string(pattern);
}

template <class Item>
found wider_list(const char* field, const std::vector<Item>& child, const std::vector<Item>& parent,
                 const key_record& whose) {
  if (parent.empty())
    return std::nullopt;
  for (const Item& asked : child)
    if (std::ranges::none_of(parent, [&](const Item& known) { return covers(known, asked); }))
      return widening{field, "has " + shown(asked) + ", which is outside what " + owner(whose) +
                                 " is allowed"};
  return std::nullopt;
}

// Both use up what all keys share: sockets that wait, and memory.
found wider_help(const key_record& child, const key_record& parent) {
  if (child.max_wait_ms > parent.max_wait_ms)
    return widening{"max_wait_ms", "is longer than " + owner(parent) + " itself waits"};
  if (child.cache_ttl_s > parent.cache_ttl_s)
    return widening{"cache_ttl_s", "is longer than " + owner(parent) + " itself keeps answers"};
  return std::nullopt;
}

found wider_expiry(const key_record& child, const key_record& parent) {
  if (!child.expires_at || !parent.expires_at || *child.expires_at <= *parent.expires_at)
    return std::nullopt;
  return widening{"expires_at", "is later than " + owner(parent) + " itself lives"};
}

found wider_than(const key_record& child, const key_record& parent) {
  if (auto wider = wider_permissions(child, parent))
    return wider;
  if (auto wider = wider_list("models", child.models, parent.models, parent))
    return wider;
  if (auto wider = wider_list("allowed_ips", child.allowed_ips, parent.allowed_ips, parent))
    return wider;
  if (auto wider = wider_list("allowed_referrers", child.allowed_referrers,
                              parent.allowed_referrers, parent))
    return wider;
  if (auto wider = wider_limit(child, parent, counts))
    return wider;
  if (auto wider = wider_limit(child, parent, amounts))
    return wider;
  if (auto wider = wider_help(child, parent))
    return wider;
  return wider_expiry(child, parent);
}

} // namespace

std::optional<widening> first_widening(const key_record& child,
                                       std::span<const key_record* const> chain) {
  for (const key_record* each : chain)
    if (auto wider = wider_than(child, *each))
      return wider;
  return std::nullopt;
}

void fit_within(key_record& defaults, std::span<const key_record* const> chain) {
  const auto lower = [&](const auto& all, const key_record& parent) {
    for (const auto& each : all) {
      auto& own = defaults.limits.*each.member;
      if (const auto& theirs = parent.limits.*each.member; own && theirs)
        own = std::min(*own, *theirs);
    }
  };
  for (const key_record* parent : chain) {
    defaults.permissions.bits &= parent->permissions.bits;
    lower(counts, *parent);
    lower(amounts, *parent);
  }
}

std::optional<std::string> refuse_depth(const key_record& child,
                                        std::span<const key_record* const> chain) {
  const auto groups = static_cast<std::size_t>(std::ranges::count_if(chain, &key_record::is_group));
  const std::size_t keys = chain.size() - groups;
  if (child.is_group && keys > 0)
    return "a group can stand under groups only, not under a key";
  if (child.is_group && groups >= group_depth_max)
    return "groups stand in each other at most " + std::to_string(group_depth_max) + " deep";
  if (!child.is_group && keys >= delegation_depth_max)
    return "a chain has at most " + std::to_string(delegation_depth_max) +
           " keys: this one would be one more";
  return std::nullopt;
}

} // namespace policies::keys
