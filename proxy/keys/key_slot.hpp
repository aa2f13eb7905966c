// A key's place in memory: a stable address for the process's lifetime, so that a session holds a
// plain pointer. The record is replaced as a whole when the owner changes it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <span>

#include "policies/keys/key_record.hpp"
#include "policies/limits/estimator.hpp"
#include "policies/limits/reserve.hpp"

namespace proxy::keys {

inline constexpr std::size_t chain_max = 6;

struct key_slot {
  policies::key_id id;
  key_slot* parent = nullptr;
  key_slot* root = nullptr; // itself where there is no parent
  bool is_parent = false;   // guarded by the directory's lock

  // Read-copy-update: valid until the reading thread's loop turn ends; never kept across a
  // suspension. Loaded with load(), sequentially consistent, as epoch.hpp demands (which costs
  // nothing on x86).
  std::atomic<const policies::keys::key_record*> record{nullptr};

  // Guarded by root->lock: a chain is admitted in one step.
  std::mutex lock;
  policies::limits::limit_state state;
  policies::limits::estimator sizes;
};

// The key and its parents with their records of this moment.
struct key_chain {
  std::array<const policies::keys::key_record*, chain_max> records{};
  std::array<key_slot*, chain_max> slots{};
  std::size_t length = 0;

  explicit key_chain(key_slot& key);
  std::span<const policies::keys::key_record* const> view() const {
    return {records.data(), length};
  }
};

} // namespace proxy::keys
