// SQLite with owners: a connection and its statements, errors as text. Knows nothing of what is
// stored.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "proxy/error.hpp"

namespace proxy::stores {

// SQLite's integers are signed; an id is stored by its bits.
inline std::int64_t stored(std::uint64_t id) {
  return static_cast<std::int64_t>(id);
}
inline std::uint64_t loaded(std::int64_t id) {
  return static_cast<std::uint64_t>(id);
}

// A prepared statement; bind, step, read, reset.
class statement {
 public:
  statement(sqlite3* database, const char* sql);
  statement& bind(int index, std::int64_t value);
  statement& bind(int index, std::string_view text);        // copied
  statement& bind_bytes(int index, std::string_view bytes); // copied
  bool row();          // steps; true while there is a row, then see failed()
  bool done();         // steps to the end of a change; false: it failed
  bool failed() const; // whether the last step, or preparing, did
  std::int64_t number(int column) const;
  std::string_view text(int column) const;  // until the next step
  std::string_view bytes(int column) const; // likewise
  void reset();

 private:
  struct finalize {
    void operator()(sqlite3_stmt* what) const { sqlite3_finalize(what); }
  };
  std::unique_ptr<sqlite3_stmt, finalize> handle_;
  int code_ = SQLITE_OK;
};

// What to tell when a file is no sound database.
failure damaged_database(const std::filesystem::path& file, const std::string& why);

class database {
 public:
  // Opens or creates (mode 0600) in WAL mode. `synchronous`: "FULL" where each commit must survive
  // a power cut; all survive kill -9. Failures say what to do.
  static outcome<std::unique_ptr<database>> open(const std::filesystem::path& file,
                                                 const char* synchronous);
  ~database();

  bool run(const char* sql); // one or more statements without result
  statement prepare(const char* sql) { return {handle_, sql}; }
  // An SQL function that makes one value of bytes out of two.
  using bytes_function = std::string (*)(std::string_view, std::string_view);
  bool define(const char* name, bytes_function what);
  std::string error() const { return sqlite3_errmsg(handle_); }

 private:
  explicit database(sqlite3* handle) : handle_(handle) {}
  sqlite3* handle_;
};

// BEGIN IMMEDIATE ... COMMIT; rolls back unless commit() succeeded.
class transaction {
 public:
  explicit transaction(database& on) : on_(on), open_(on.run("BEGIN IMMEDIATE")) {}
  ~transaction() {
    if (open_)
      on_.run("ROLLBACK");
  }
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  bool begun() const { return open_; }
  bool commit() {
    if (!open_ || !on_.run("COMMIT"))
      return false;
    open_ = false;
    return true;
  }

 private:
  database& on_;
  bool open_;
};

} // namespace proxy::stores
