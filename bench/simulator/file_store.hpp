// The account's uploaded files, in memory. Knows bytes and names; knows no HTTP.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace simulator {

struct stored_file {
  std::string id;
  std::string name;
  std::string purpose;
  std::string content;
  std::int64_t created = 0; // seconds since the epoch
};

// Thread-safe.
class file_store {
 public:
  static constexpr std::size_t files_max = 10'000;
  static constexpr std::size_t bytes_max = std::size_t{512} << 20;

  // Fills in the id; nullopt when there is no room.
  std::optional<stored_file> add(stored_file file) {
    const std::lock_guard lock(mutex_);
    if (files_.size() >= files_max || bytes_ + file.content.size() > bytes_max)
      return std::nullopt;
    bytes_ += file.content.size();
    file.id = "file-sim" + std::to_string(1'000'000 + ++last_);
    return files_.emplace(file.id, file).first->second;
  }
  std::optional<stored_file> find(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(id);
    return found == files_.end() ? std::nullopt : std::optional{found->second};
  }
  bool remove(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(id);
    if (found == files_.end())
      return false;
    bytes_ -= found->second.content.size();
    files_.erase(found);
    return true;
  }
  std::vector<stored_file> list() const {
    const std::lock_guard lock(mutex_);
    std::vector<stored_file> all;
    for (const auto& [id, file] : files_)
      all.push_back(file);
    return all;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    files_.clear();
    bytes_ = 0;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, stored_file> files_;
  std::size_t bytes_ = 0;
  std::uint64_t last_ = 0;
};

} // namespace simulator
