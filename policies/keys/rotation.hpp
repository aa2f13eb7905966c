// Giving a key a new secret while the old one still works for a while. Knows nothing of how secrets
// are made, and leaves version and time of change to the caller.
#pragma once

#include "policies/keys/key_record.hpp"

namespace policies::keys {

inline constexpr milliseconds grace_default{std::chrono::hours{7 * 24}};
inline constexpr milliseconds grace_max{std::chrono::hours{90 * 24}};
inline constexpr std::size_t secrets_max = 8;
// So long after its end a secret is still known, so that its holder is told that it was rotated.
inline constexpr milliseconds remembered_after_end{std::chrono::hours{30 * 24}};

struct rotation {
  key_secret fresh; // without an end
  milliseconds grace{};
  instant now{};
};

// False: so many secrets are still valid that none can be added; nothing has changed.
[[nodiscard]] bool rotate(key_record& key, rotation with);

bool is_valid(const key_secret& secret, instant now);
// When the newest secret has served as long as the key's schedule says; nullopt: no schedule.
std::optional<instant> rotation_due(const key_record& key);
inline constexpr milliseconds rotation_reminder{std::chrono::hours{7 * 24}}; // before it is due

// What becomes true of a key's secrets by time alone, at the instant at which it does.
struct rotation_event {
  instant at{};
  std::string_view what; // rotation_reminder, rotation_due, old_secret_ended
};
std::vector<rotation_event> rotation_events(const key_record& key, instant now);

// When the newest secret replaced another; nullopt: the key was never rotated.
std::optional<instant> rotated_at(const key_record& key);

} // namespace policies::keys
