// Notes at rest: one small table in the store's database, on a connection of its own. Knows nothing
// of what stands in them.
#pragma once

#include <mutex>

#include "proxy/stores/embedded/database.hpp"
#include "proxy/stores/store.hpp"

namespace proxy::stores {

class note_table {
 public:
  static outcome<std::unique_ptr<note_table>> open(const std::filesystem::path& file);

  outcome<store::note_map> load(const std::string& kind);
  outcome<bool> write(const note& what, note_change how);

 private:
  explicit note_table(std::unique_ptr<database> on) : on_(std::move(on)) {}
  std::mutex lock_; // one change at a time
  failure failed(const std::string& doing) const;
  std::unique_ptr<database> on_;
};

} // namespace proxy::stores
