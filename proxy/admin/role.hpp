// What an admin key may do, from least to most: each role includes those before it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace proxy::admin {

enum class role : std::uint8_t {
  anyone,    // without a key
  viewer,    // reads
  operator_, // issues, changes and revokes sub-keys
  owner,     // manages admin keys
};

inline constexpr std::array<std::string_view, 4> role_names{"anyone", "viewer", "operator", "owner"};

constexpr std::string_view name_of(role which) {
  return role_names[static_cast<std::size_t>(which)];
}

// Of those that a key can have.
constexpr std::optional<role> role_named(std::string_view name) {
  for (const role each : {role::viewer, role::operator_, role::owner})
    if (name_of(each) == name)
      return each;
  return std::nullopt;
}

} // namespace proxy::admin
