// All keys of this process: look-up by the hash of a secret without a lock, by id with one; records
// published as they change. Persisting them is a store's business.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "proxy/keys/epoch.hpp"
#include "proxy/keys/key_slot.hpp"

namespace proxy::keys {

class key_directory {
 public:
  key_directory();
  ~key_directory();

  // Lock-free; nullptr: unknown. The caller checks that the record still lists the hash: secrets
  // that were removed stay in the table.
  key_slot* find(const policies::keys::secret_hash& hash) const noexcept;

  // The same, and notes that the secret was presented, to the second: after a rotation one sees
  // when the old one falls silent. Forgotten when the process ends.
  key_slot* find_used(const policies::keys::secret_hash& hash, policies::instant now) noexcept;
  std::optional<policies::instant>
  last_used(const policies::keys::secret_hash& hash) const noexcept;

  key_slot* by_id(policies::key_id id) const; // nullptr: unknown
  // Inserts or replaces. A parent must be known before its children, and a chain has at most
  // chain_max members: std::logic_error. A key keeps the parent it was first published with.
  key_slot& publish(policies::keys::key_record record);
  // Room for so many secrets at once: growing step by step keeps the smaller tables.
  void reserve(std::size_t secrets_count);
  // Every slot, in order of publication, under the directory's lock.
  void for_each(const std::function<void(key_slot&)>& visit) const;
  // A consistent copy for threads that are no epoch participants (the admin plane).
  std::shared_ptr<const policies::keys::key_record> copy_of(policies::key_id id) const;
  // The key and all below it, in order of publication; empty: unknown.
  std::vector<policies::key_id> family_of(policies::key_id id) const;
  std::size_t size() const;

  // Grows with every publication: whoever derives something from all keys asks whether to redo it.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  epochs& readers() { return epochs_; }

 private:
  struct table;
  void grow(std::size_t cells_count);
  void link(const policies::keys::secret_hash& hash, key_slot& slot);
  key_slot& slot_for(const policies::keys::key_record& record);
  mutable std::shared_mutex lock_;
  std::atomic<std::uint64_t> generation_{0};
  epochs epochs_;
  std::deque<key_slot> slots_;
  std::unordered_map<std::uint64_t, key_slot*> by_id_;
  std::atomic<table*> table_{nullptr};
  std::vector<std::unique_ptr<table>> tables_; // grown-out ones: their total is below the newest
};

} // namespace proxy::keys
