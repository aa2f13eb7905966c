// No secret lives longer by a rotation than it would have without one.
#include "policies/keys/rotation.hpp"

#include <algorithm>

namespace policies::keys {

bool is_valid(const key_secret& secret, instant now) {
  return !secret.valid_until || now < *secret.valid_until;
}

bool rotate(key_record& key, rotation with) {
  std::vector<key_secret> secrets;
  secrets.push_back(std::move(with.fresh));
  const instant end = with.now + std::clamp(with.grace, milliseconds{0}, grace_max);
  std::size_t valid = 1;
  for (key_secret old : key.secrets) {
    old.valid_until = std::min(old.valid_until.value_or(end), end);
    if (*old.valid_until + remembered_after_end <= with.now)
      continue;
    valid += is_valid(old, with.now);
    secrets.push_back(std::move(old));
  }
  if (valid > secrets_max)
    return false;
  // Newest first: the one that goes is the oldest of those that have ended.
  while (secrets.size() > secrets_max) {
    const auto ended = std::find_if(secrets.rbegin(), secrets.rend(),
                                    [&](const key_secret& s) { return !is_valid(s, with.now); });
    secrets.erase(std::next(ended).base());
  }
  key.secrets = std::move(secrets);
  return true;
}

std::optional<instant> rotation_due(const key_record& key) {
  if (!key.rotate_every_days || key.secrets.empty())
    return std::nullopt;
  return key.secrets.front().created + std::chrono::days{*key.rotate_every_days};
}

std::vector<rotation_event> rotation_events(const key_record& key, instant now) {
  std::vector<rotation_event> events;
  const auto add = [&](instant at, std::string_view what) {
    if (at <= now)
      events.push_back({at, what});
  };
  if (const auto due = rotation_due(key)) {
    if (*due - rotation_reminder > key.secrets.front().created)
      add(*due - rotation_reminder, "rotation_reminder");
    add(*due, "rotation_due");
  }
  for (const key_secret& secret : key.secrets)
    if (secret.valid_until)
      add(*secret.valid_until, "old_secret_ended");
  return events;
}

std::optional<instant> rotated_at(const key_record& key) {
  if (key.secrets.empty() ||
      (key.secrets.size() == 1 && key.secrets.front().created == key.created))
    return std::nullopt;
  return key.secrets.front().created;
}

} // namespace policies::keys
