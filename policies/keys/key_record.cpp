// The types of keys with their defaults, and the names that the owner's side speaks.
#include "policies/keys/key_record.hpp"

#include <algorithm>
#include <array>

namespace policies::keys {
namespace {

constexpr std::array<std::string_view, 3> type_names{"production", "development", "restricted"};
constexpr std::array<std::string_view, 3> status_names{"active", "inactive", "deleted"};
constexpr std::array<std::string_view, 2> accounting_names{"adaptive", "strict"};
constexpr std::array<std::string_view, 3> role_names{"viewer", "operator", "owner"};

template <class Enum, std::size_t Size>
std::optional<Enum> named(const std::array<std::string_view, Size>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end())
    return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

access::permission_set everything_but_account() {
  access::permission_set all;
  for (int i = 0; i < access::permission_count; ++i)
    if (const auto each = static_cast<access::permission>(i); each != access::permission::account)
      all.add(each);
  return all;
}

// Only names that surely lead to the cheap model: the older aliases may be served by a dearer one.
void restrict_to_development(key_record& key) {
  key.models = {"deepseek-flash", "deepseek-v4-flash"};
  key.limits.requests_per_minute = 60;
  key.limits.tokens_per_minute = 40'000;
  key.limits.monthly = nano_usd{10'000'000'000};
}

} // namespace

key_record defaults_of(key_type type) {
  key_record key;
  key.type = type;
  switch (type) {
  case key_type::production:
    key.permissions = everything_but_account();
    break;
  case key_type::development:
    key.permissions = everything_but_account();
    restrict_to_development(key);
    break;
  case key_type::restricted:
    key.token_accounting = accounting::strict;
    break;
  }
  return key;
}

std::string_view name_of(key_type type) {
  return type_names[static_cast<std::size_t>(type)];
}

std::optional<key_type> key_type_named(std::string_view name) {
  return named<key_type>(type_names, name);
}

std::string_view name_of(key_status status) {
  return status_names[static_cast<std::size_t>(status)];
}

std::string_view name_of(accounting how) {
  return accounting_names[static_cast<std::size_t>(how)];
}

std::optional<accounting> accounting_named(std::string_view name) {
  return named<accounting>(accounting_names, name);
}

std::string_view name_of(admin_role role) {
  return role_names[static_cast<std::size_t>(role)];
}

std::optional<admin_role> admin_role_named(std::string_view name) {
  return named<admin_role>(role_names, name);
}

std::string_view aliased(const key_record& key, std::string_view model) {
  const auto found = std::ranges::find(key.aliases, model, &model_alias::name);
  return found == key.aliases.end() ? model : std::string_view{found->model};
}

bool model_allowed(const key_record& key, std::string_view model) {
  const auto allows = [model](std::string_view entry) {
    if (!entry.ends_with('*'))
      return entry == model;
    entry.remove_suffix(1);
    return model.starts_with(entry);
  };
  return key.models.empty() || std::ranges::any_of(key.models, allows);
}

} // namespace policies::keys
