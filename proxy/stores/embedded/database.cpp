// Opening, stepping, and what SQLite says.
#include "proxy/stores/embedded/database.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace proxy::stores {

statement::statement(sqlite3* database, const char* sql) {
  sqlite3_stmt* made = nullptr;
  code_ = sqlite3_prepare_v2(database, sql, -1, &made, nullptr);
  handle_.reset(made);
}

statement& statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), index, value);
  return *this;
}

statement& statement::bind(int index, std::string_view text) {
  sqlite3_bind_text(handle_.get(), index, text.data(), static_cast<int>(text.size()),
                    SQLITE_TRANSIENT);
  return *this;
}

statement& statement::bind_bytes(int index, std::string_view bytes) {
  sqlite3_bind_blob64(handle_.get(), index, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
  return *this;
}

bool statement::row() {
  if (handle_)
    code_ = sqlite3_step(handle_.get());
  return handle_ && code_ == SQLITE_ROW;
}

bool statement::done() {
  const bool more = row();
  reset();
  return !more && !failed();
}

bool statement::failed() const {
  return code_ != SQLITE_OK && code_ != SQLITE_ROW && code_ != SQLITE_DONE;
}

std::int64_t statement::number(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

std::string_view statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  return bytes ? std::string_view{bytes, size} : std::string_view{};
}

std::string_view statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  return data ? std::string_view{data, size} : std::string_view{};
}

void statement::reset() {
  if (handle_)
    sqlite3_reset(handle_.get());
}

failure damaged_database(const std::filesystem::path& file, const std::string& why) {
  const std::string name = file.string();
  return {errc::database_corrupt,
          name + " is damaged (" + why +
              "). It holds the keys and the sums of their usage; the journal beside it is "
              "untouched. Restore it from a backup, or, to begin without keys, move it aside "
              "together with " +
              name + "-wal and " + name + "-shm"};
}

outcome<std::unique_ptr<database>> database::open(const std::filesystem::path& file,
                                                  const char* synchronous) {
  // Only a file that is new: closing any descriptor of one that this process has open already would
  // drop the locks of its other connections, and the next program that closes the database would
  // take the log away from under them. https://www.sqlite.org/howtocorrupt.html, 2.2
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0)
    ::close(fd);
  sqlite3* handle = nullptr;
  const int opened = sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr);
  std::unique_ptr<database> made{new database(handle)};
  sqlite3_busy_timeout(handle, 10'000);
  const std::string settings =
      std::string("PRAGMA journal_mode=WAL; PRAGMA synchronous=") + synchronous;
  if (opened == SQLITE_OK && made->run(settings.c_str()))
    return made;
  const int code = sqlite3_errcode(handle);
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
    return damaged_database(file, made->error());
  return failure{errc::data_directory_unusable,
                 "cannot open the database " + file.string() + ": " + made->error() +
                     ". It must be writable for the user the proxy runs as, and no other program "
                     "may have it locked"};
}

database::~database() {
  sqlite3_close(handle_);
}

bool database::define(const char* name, bytes_function what) {
  const auto call = [](sqlite3_context* context, int, sqlite3_value** given) {
    const auto bytes = [&](int i) {
      const auto* data = static_cast<const char*>(sqlite3_value_blob(given[i]));
      return std::string_view{data, static_cast<std::size_t>(sqlite3_value_bytes(given[i]))};
    };
    const auto function = reinterpret_cast<bytes_function>(sqlite3_user_data(context));
    const std::string made = function(bytes(0), bytes(1));
    sqlite3_result_blob64(context, made.data(), made.size(), SQLITE_TRANSIENT);
  };
  return sqlite3_create_function_v2(handle_, name, 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                    reinterpret_cast<void*>(what), call, nullptr, nullptr,
                                    nullptr) == SQLITE_OK;
}

bool database::run(const char* sql) {
  return sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

} // namespace proxy::stores
