// Which key uploaded which file: the account's files are one pool upstream, but a key sees only its
// own. Read on data threads, so kept in memory; written down by a thread that may wait.
#pragma once

#include <functional>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "policies/types.hpp"

namespace proxy::stores {

class file_owners {
 public:
  // A change to be made durable: `owner` absent means that the file is gone.
  using persist = std::function<void(std::string file, std::optional<policies::key_id> owner)>;

  // `known` was persisted before.
  file_owners(std::unordered_map<std::string, policies::key_id> known, persist write)
      : owners_(std::move(known)), write_(std::move(write)) {}

  bool owns(policies::key_id key, std::string_view file) const {
    const std::shared_lock guard(lock_);
    const auto found = owners_.find(std::string(file));
    return found != owners_.end() && found->second == key;
  }
  bool owned_by_other(policies::key_id key, std::string_view file) const {
    const std::shared_lock guard(lock_);
    const auto found = owners_.find(std::string(file));
    return found != owners_.end() && found->second != key;
  }
  void claim(policies::key_id key, std::string file) {
    {
      const std::unique_lock guard(lock_);
      owners_[file] = key;
    }
    write_(std::move(file), key);
  }
  // Another proxy wrote it down.
  void learn(const std::string& file, std::optional<policies::key_id> owner) {
    const std::unique_lock guard(lock_);
    if (owner)
      owners_[file] = *owner;
    else
      owners_.erase(file);
  }
  void release(std::string file) {
    {
      const std::unique_lock guard(lock_);
      owners_.erase(file);
    }
    write_(std::move(file), std::nullopt);
  }

 private:
  mutable std::shared_mutex lock_;
  std::unordered_map<std::string, policies::key_id> owners_;
  persist write_;
};

} // namespace proxy::stores
