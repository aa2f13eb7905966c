// One process owns a data directory: an flock that the kernel lets go of when the process ends,
// however it ends.
#pragma once

#include <filesystem>

#include "proxy/error.hpp"

namespace proxy::stores {

class directory_lock {
 public:
  // Makes the directory (mode 0700) where it is absent.
  static outcome<directory_lock> take(const std::filesystem::path& directory);
  directory_lock(directory_lock&& other) noexcept;
  directory_lock& operator=(directory_lock&&) = delete;
  ~directory_lock();

 private:
  explicit directory_lock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

} // namespace proxy::stores
