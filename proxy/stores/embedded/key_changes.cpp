// Keys as the owner reads and changes them: checked, written, then published.
#include <algorithm>

#include "policies/keys/secret.hpp"
#include "proxy/stores/embedded/embedded_state.hpp"

namespace proxy::stores {

using policies::key_id;
using policies::keys::key_record;
using policies::keys::key_status;

std::optional<failure> embedded_store::state_block::refuse_place(const key_record& record) const {
  if (directory.by_id(record.id))
    return failure{errc::already_exists, "a key with this id exists"};
  if (!record.parent)
    return std::nullopt;
  const keys::key_slot* parent = directory.by_id(*record.parent);
  if (!parent)
    return failure{errc::not_found, "the parent key does not exist"};
  std::size_t length = 1;
  for (; parent; parent = parent->parent)
    ++length;
  if (length > keys::chain_max)
    return failure{errc::conflict, fmt::format("a chain of keys has at most {} members; this one "
                                               "would have {}",
                                               keys::chain_max, length)};
  return std::nullopt;
}

std::optional<failure> embedded_store::state_block::refuse_secrets(const key_record& record) const {
  for (const auto& secret : record.secrets) {
    const keys::key_slot* holder = directory.find(secret.hash);
    if (!holder || holder->id == record.id)
      continue;
    const auto other = directory.copy_of(holder->id);
    if (std::ranges::any_of(other->secrets, [&](const auto& s) { return s.hash == secret.hash; }))
      return failure{errc::already_exists,
                     "key " + policies::keys::to_string(holder->id) + " has this secret already"};
  }
  return std::nullopt;
}

outcome<void> embedded_store::insert(const key_record& record, const audit_row& why) {
  const std::lock_guard guard(state_->changing);
  if (auto refused = state_->refuse_place(record))
    return *refused;
  if (auto refused = state_->refuse_secrets(record))
    return *refused;
  if (auto written = state_->rows->insert(record, why); !written)
    return written;
  state_->directory.publish(record);
  return {};
}

outcome<void> embedded_store::update(const key_record& record, const audit_row& why) {
  const std::lock_guard guard(state_->changing);
  const auto stored = state_->directory.copy_of(record.id);
  if (!stored || stored->status == key_status::deleted)
    return failure{errc::not_found, "no such key"};
  if (stored->parent != record.parent)
    return failure{errc::conflict, "a key's parent cannot be changed"};
  if (auto refused = state_->refuse_secrets(record))
    return *refused;
  if (auto written = state_->rows->update(record, why); !written)
    return written;
  state_->directory.publish(record);
  return {};
}

std::vector<key_record> embedded_store::list() const {
  std::vector<key_record> all;
  state_->directory.for_each([&](keys::key_slot& slot) {
    if (const key_record* record = slot.record.load(); record->status != key_status::deleted)
      all.push_back(*record);
  });
  std::ranges::sort(all, [](const key_record& a, const key_record& b) {
    return std::tie(a.created, a.id) < std::tie(b.created, b.id);
  });
  return all;
}

std::optional<key_record> embedded_store::get(key_id id) const {
  const auto record = state_->directory.copy_of(id);
  if (!record || record->status == key_status::deleted)
    return std::nullopt;
  return *record;
}

} // namespace proxy::stores
