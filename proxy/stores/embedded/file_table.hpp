// The persisted side of file ownership: one small table in the store's database, on a connection of
// its own.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "policies/types.hpp"
#include "proxy/error.hpp"

struct sqlite3;

namespace proxy::stores {

class file_table {
 public:
  static outcome<std::unique_ptr<file_table>> open(const std::filesystem::path& database);
  ~file_table();

  std::unordered_map<std::string, policies::key_id> load() const;
  // `owner` absent: forget the file. False: the disk said no; logged.
  bool write(const std::string& file, std::optional<policies::key_id> owner);

 private:
  explicit file_table(sqlite3* database) : database_(database) {}
  sqlite3* database_;
};

} // namespace proxy::stores
