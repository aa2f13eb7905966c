// Publication and look-up. The table of secrets is an array of chains of immutable nodes: readers
// follow it without a lock, the one writer links at the front, and a larger array takes over when
// chains would grow long.
#include "proxy/keys/key_directory.hpp"

#include <algorithm>
#include <cstring>

namespace proxy::keys {

using policies::keys::key_record;
using policies::keys::secret_hash;

namespace {

// The hash is SHA-256 of something random: any eight bytes of it are as good as a hash function.
std::size_t bucket_of(const secret_hash& hash, std::size_t mask) {
  std::size_t first = 0;
  std::memcpy(&first, hash.data(), sizeof first);
  return first & mask;
}

} // namespace

struct key_directory::node {
  secret_hash hash;
  key_slot* slot;
  node* next; // written before the node is published
};

struct key_directory::table {
  explicit table(std::size_t buckets) : mask(buckets - 1), heads(buckets) {}
  std::size_t mask;
  std::vector<std::atomic<node*>> heads;
  std::deque<node> nodes; // stable addresses
};

key_chain::key_chain(key_slot& key) {
  for (key_slot* each = &key; each && length < chain_max; each = each->parent) {
    slots[length] = each;
    records[length++] = each->record.load();
  }
}

key_directory::key_directory() {
  constexpr std::size_t first_buckets = 1024;
  tables_.push_back(std::make_unique<table>(first_buckets));
  table_.store(tables_.back().get());
}

key_directory::~key_directory() {
  for (key_slot& slot : slots_) delete slot.record.load();
  epochs_.collect();
}

key_slot* key_directory::find(const secret_hash& hash) const noexcept {
  const table* now = table_.load(std::memory_order_acquire);
  for (const node* n = now->heads[bucket_of(hash, now->mask)].load(std::memory_order_acquire); n;
       n = n->next)
    if (n->hash == hash) return n->slot;
  return nullptr;
}

key_slot* key_directory::by_id(policies::key_id id) const {
  const std::shared_lock guard(lock_);
  const auto found = by_id_.find(id.value);
  return found == by_id_.end() ? nullptr : found->second;
}

void key_directory::link(const secret_hash& hash, key_slot& slot) {
  table* now = table_.load(std::memory_order_relaxed);
  if (now->nodes.size() >= now->heads.size()) {
    auto larger = std::make_unique<table>(now->heads.size() * 4);
    for (const node& n : now->nodes) insert(*larger, n.hash, *n.slot);
    now = larger.get();
    tables_.push_back(std::move(larger)); // the old one stays: readers may be in it
    table_.store(now, std::memory_order_release);
  }
  insert(*now, hash, slot);
}

void key_directory::insert(table& into, const secret_hash& hash, key_slot& slot) {
  std::atomic<node*>& head = into.heads[bucket_of(hash, into.mask)];
  node& made = into.nodes.emplace_back(node{hash, &slot, head.load(std::memory_order_relaxed)});
  head.store(&made, std::memory_order_release);
}

key_slot& key_directory::publish(key_record record) {
  const key_record* replaced = nullptr;
  key_slot* slot = nullptr;
  {
    const std::unique_lock guard(lock_);
    slot = &slot_for(record);
    const auto* fresh = new key_record(std::move(record));
    replaced = slot->record.exchange(fresh);
    for (const auto& secret : fresh->secrets)
      if (!find(secret.hash)) link(secret.hash, *slot);
    generation_.fetch_add(1, std::memory_order_release);
  }
  if (replaced) epochs_.retire([replaced] { delete replaced; });
  return *slot;
}

key_slot& key_directory::slot_for(const key_record& record) {
  if (const auto found = by_id_.find(record.id.value); found != by_id_.end())
    return *found->second;
  key_slot& slot = slots_.emplace_back();
  slot.id = record.id;
  slot.parent = record.parent ? by_id_.at(record.parent->value) : nullptr;
  slot.root = slot.parent ? slot.parent->root : &slot;
  by_id_[record.id.value] = &slot;
  return slot;
}

void key_directory::for_each(const std::function<void(key_slot&)>& visit) const {
  const std::shared_lock guard(lock_);
  for (const key_slot& slot : slots_) visit(const_cast<key_slot&>(slot));
}

std::shared_ptr<const key_record> key_directory::copy_of(policies::key_id id) const {
  const std::shared_lock guard(lock_); // publish() replaces under the same lock
  const auto found = by_id_.find(id.value);
  if (found == by_id_.end()) return nullptr;
  return std::make_shared<const key_record>(*found->second->record.load());
}

std::size_t key_directory::size() const {
  const std::shared_lock guard(lock_);
  return slots_.size();
}

} // namespace proxy::keys
