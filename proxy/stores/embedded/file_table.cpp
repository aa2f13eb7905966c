// SQL of the file table.
#include "proxy/stores/embedded/file_table.hpp"

#include <sqlite3.h>

#include <spdlog/spdlog.h>

namespace proxy::stores {
namespace {

struct finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using file_statement = std::unique_ptr<sqlite3_stmt, finalize>;

file_statement prepare(sqlite3* database, const char* sql) {
  sqlite3_stmt* made = nullptr;
  sqlite3_prepare_v2(database, sql, -1, &made, nullptr);
  return file_statement{made};
}

void bind_text(const file_statement& to, int index, const std::string& text) {
  sqlite3_bind_text(to.get(), index, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

} // namespace

outcome<std::unique_ptr<file_table>> file_table::open(const std::filesystem::path& path) {
  sqlite3* database = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr);
  std::unique_ptr<file_table> made{new file_table(database)};
  sqlite3_busy_timeout(database, 5000);
  constexpr const char* schema = "CREATE TABLE IF NOT EXISTS file_owners"
                                 "(file TEXT PRIMARY KEY, owner INTEGER NOT NULL) WITHOUT ROWID";
  if (opened == SQLITE_OK && sqlite3_exec(database, schema, nullptr, nullptr, nullptr) == SQLITE_OK)
    return made;
  return failure{errc::data_directory_unusable,
                 "cannot open " + path.string() + ": " + sqlite3_errmsg(database)};
}

file_table::~file_table() {
  sqlite3_close(database_);
}

std::unordered_map<std::string, policies::key_id> file_table::load() const {
  std::unordered_map<std::string, policies::key_id> owners;
  const file_statement rows = prepare(database_, "SELECT file, owner FROM file_owners");
  while (sqlite3_step(rows.get()) == SQLITE_ROW) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(rows.get(), 0));
    owners[text] =
        policies::key_id{static_cast<std::uint64_t>(sqlite3_column_int64(rows.get(), 1))};
  }
  return owners;
}

bool file_table::write(const std::string& file, std::optional<policies::key_id> owner) {
  const file_statement change =
      prepare(database_, owner ? "INSERT OR REPLACE INTO file_owners(file, owner) VALUES(?1, ?2)"
                               : "DELETE FROM file_owners WHERE file = ?1");
  bind_text(change, 1, file);
  if (owner)
    sqlite3_bind_int64(change.get(), 2, static_cast<sqlite3_int64>(owner->value));
  if (sqlite3_step(change.get()) == SQLITE_DONE)
    return true;
  spdlog::error("files: the owner of {} could not be written down: {}", file,
                sqlite3_errmsg(database_));
  return false;
}

} // namespace proxy::stores
