// Publication and look-up. The table of secrets is an array of cells, probed one after the other:
// readers need no lock, for a cell is filled once and its pointer comes last. A larger array takes
// over when four of five cells are used.
#include "proxy/keys/key_directory.hpp"

#include <bit>
#include <cstring>
#include <stdexcept>
#include <unordered_set>

namespace proxy::keys {

using policies::keys::key_record;
using policies::keys::secret_hash;

struct key_directory::table {
  // Half of a hash: no two secrets have the same, and who uses a slot compares the whole.
  using digest_begin = std::array<std::uint8_t, 16>;
  static digest_begin begin_of(const secret_hash& hash) {
    digest_begin begin;
    std::copy_n(hash.begin(), begin.size(), begin.begin());
    return begin;
  }

  struct cell {
    std::atomic<key_slot*> slot{nullptr}; // nullptr: empty, and the end of the probing
    digest_begin begin{};                 // written before the slot, never again
    std::atomic<std::int64_t> used_ms{0};
  };

  explicit table(std::size_t cells_count) : mask(cells_count - 1), cells(cells_count) {}

  // Where the hash is, or the empty cell where it would be. The hash is SHA-256 of something
  // random: any eight bytes of it are as good as a hash function.
  std::size_t place_of(const digest_begin& begin) const noexcept {
    std::size_t at = 0;
    std::memcpy(&at, begin.data(), sizeof at);
    for (at &= mask; cells[at].slot.load(std::memory_order_acquire) && cells[at].begin != begin;)
      at = (at + 1) & mask;
    return at;
  }

  cell& put(const digest_begin& begin, key_slot& slot) {
    cell& to = cells[place_of(begin)];
    if (!to.slot.load(std::memory_order_relaxed)) {
      to.begin = begin;
      ++used;
    }
    to.slot.store(&slot, std::memory_order_release);
    return to;
  }

  std::size_t mask;
  std::size_t used = 0;
  std::vector<cell> cells;
};

key_chain::key_chain(key_slot& key) {
  for (key_slot* each = &key; each && length < chain_max; each = each->parent) {
    slots[length] = each;
    records[length++] = each->record.load();
  }
}

key_directory::key_directory() {
  constexpr std::size_t cells_first = 1024;
  tables_.push_back(std::make_unique<table>(cells_first));
  table_.store(tables_.back().get());
}

key_directory::~key_directory() {
  for (key_slot& slot : slots_)
    delete slot.record.load();
}

key_slot* key_directory::find(const secret_hash& hash) const noexcept {
  const table* now = table_.load(std::memory_order_acquire);
  return now->cells[now->place_of(table::begin_of(hash))].slot.load(std::memory_order_acquire);
}

key_slot* key_directory::find_used(const secret_hash& hash, policies::instant now) noexcept {
  table* here = table_.load(std::memory_order_acquire);
  table::cell& cell = here->cells[here->place_of(table::begin_of(hash))];
  key_slot* found = cell.slot.load(std::memory_order_acquire);
  constexpr std::int64_t exact_to_ms = 1000; // so that threads seldom write to the line they share
  const std::int64_t now_ms = now.time_since_epoch().count();
  if (found && now_ms - cell.used_ms.load(std::memory_order_relaxed) >= exact_to_ms)
    cell.used_ms.store(now_ms, std::memory_order_relaxed);
  return found;
}

std::optional<policies::instant> key_directory::last_used(const secret_hash& hash) const noexcept {
  const table* now = table_.load(std::memory_order_acquire);
  const table::cell& cell = now->cells[now->place_of(table::begin_of(hash))];
  const std::int64_t ms = cell.used_ms.load(std::memory_order_relaxed);
  return ms == 0 ? std::nullopt : std::optional{policies::instant{policies::milliseconds{ms}}};
}

key_slot* key_directory::by_id(policies::key_id id) const {
  const std::shared_lock guard(lock_);
  const auto found = by_id_.find(id.value);
  return found == by_id_.end() ? nullptr : found->second;
}

void key_directory::grow(std::size_t cells_count) {
  const table* now = table_.load(std::memory_order_relaxed);
  auto larger = std::make_unique<table>(cells_count);
  for (const table::cell& each : now->cells)
    if (key_slot* held = each.slot.load(std::memory_order_relaxed))
      larger->put(each.begin, *held).used_ms = each.used_ms.load(std::memory_order_relaxed);
  table_.store(larger.get(), std::memory_order_release);
  tables_.push_back(std::move(larger)); // the old one stays: readers may be in it
}

void key_directory::reserve(std::size_t secrets_count) {
  const std::unique_lock guard(lock_);
  const std::size_t cells_count = std::bit_ceil(secrets_count * 5 / 4 + 1);
  if (cells_count > table_.load(std::memory_order_relaxed)->cells.size())
    grow(cells_count);
}

void key_directory::link(const secret_hash& hash, key_slot& slot) {
  const table* now = table_.load(std::memory_order_relaxed);
  if (now->used * 5 >= now->cells.size() * 4)
    grow(now->cells.size() * 2);
  table_.load(std::memory_order_relaxed)->put(table::begin_of(hash), slot);
}

key_slot& key_directory::publish(key_record record) {
  const auto* fresh = new key_record(std::move(record));
  std::unique_ptr<const key_record> owner{fresh};
  const key_record* replaced = nullptr;
  key_slot* slot = nullptr;
  {
    const std::unique_lock guard(lock_);
    slot = &slot_for(*fresh);
    replaced = slot->record.exchange(owner.release());
    for (const auto& secret : fresh->secrets)
      link(secret.hash, *slot);
    generation_.fetch_add(1, std::memory_order_release);
  }
  if (replaced)
    epochs_.retire([replaced] { delete replaced; });
  return *slot;
}

// Throws before anything has changed.
key_slot& key_directory::slot_for(const key_record& record) {
  if (const auto found = by_id_.find(record.id.value); found != by_id_.end())
    return *found->second;
  key_slot* parent = nullptr;
  std::size_t length = 1;
  if (record.parent) {
    const auto found = by_id_.find(record.parent->value);
    if (found == by_id_.end())
      throw std::invalid_argument("key directory: a parent was not published before its child");
    parent = found->second;
    for (const key_slot* each = parent; each; each = each->parent)
      ++length;
  }
  if (length > chain_max)
    throw std::length_error("key directory: a chain of keys is longer than chain_max");
  key_slot& slot = slots_.emplace_back();
  slot.id = record.id;
  slot.parent = parent;
  slot.root = parent ? parent->root : &slot;
  if (parent)
    parent->is_parent = true;
  by_id_[record.id.value] = &slot;
  return slot;
}

void key_directory::for_each(const std::function<void(key_slot&)>& visit) const {
  const std::shared_lock guard(lock_);
  for (const key_slot& slot : slots_)
    visit(const_cast<key_slot&>(slot));
}

std::shared_ptr<const key_record> key_directory::copy_of(policies::key_id id) const {
  const std::shared_lock guard(lock_); // publish() replaces under the same lock
  const auto found = by_id_.find(id.value);
  if (found == by_id_.end())
    return nullptr;
  return std::make_shared<const key_record>(*found->second->record.load());
}

// A child is published after its parent: one pass in that order sees every descendant.
std::vector<policies::key_id> key_directory::family_of(policies::key_id id) const {
  const std::shared_lock guard(lock_);
  const auto found = by_id_.find(id.value);
  if (found == by_id_.end())
    return {};
  std::vector<policies::key_id> family{id};
  if (!found->second->is_parent)
    return family;
  std::unordered_set<const key_slot*> known{found->second};
  for (const key_slot& slot : slots_)
    if (slot.parent && known.contains(slot.parent)) {
      known.insert(&slot);
      family.push_back(slot.id);
    }
  return family;
}

std::size_t key_directory::size() const {
  const std::shared_lock guard(lock_);
  return slots_.size();
}

} // namespace proxy::keys
