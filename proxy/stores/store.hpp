// What a process needs of its store, whichever kind it is: limits, keys, and the journal in front
// of both.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "proxy/journal/keeper.hpp"
#include "proxy/stores/file_owners.hpp"
#include "proxy/stores/key_store.hpp"
#include "proxy/stores/limit_store.hpp"

namespace proxy::stores {

// A small record by name, for what watches: alerts, and what is known of each key.
struct note {
  std::string kind; // "alert"
  std::string name; // within its kind
  std::string text;
};
enum class note_change { put, put_if_absent, remove };

class store : public limit_store, public key_store {
 public:
  virtual journal::keeper& journal() = 0;
  virtual void start() = 0; // the applier; after opening
  virtual const journal::recovery_report& recovered() const = 0;

  // Which key uploaded which file, at rest. Blocking.
  using file_map = std::unordered_map<std::string, policies::key_id>;
  virtual outcome<file_map> load_files() = 0;
  // `owner` absent: the file is gone. False: it could not be written; logged.
  virtual bool write_file(const std::string& file, std::optional<policies::key_id> owner) = 0;
  // By name. Blocking, as is writing; thread-safe.
  using note_map = std::map<std::string, std::string>;
  virtual outcome<note_map> load_notes(const std::string& kind) = 0;
  // False: put_if_absent found one, maybe another proxy's. At rest when this returns.
  virtual outcome<bool> write_note(const note& what, note_change how) = 0;

  // What limits go by was forgotten by what holds them: they would be too generous.
  virtual bool lost_state() const { return false; }

  struct figures {
    std::size_t closed = 0;   // parts of it that decide nothing until they have been told again
    std::uint64_t losses = 0; // how often one had lost something, since the start
  };
  virtual figures condition() const { return {}; }

  // From now on tells what other proxies write, if there can be any; `to` outlives the store's
  // threads.
  virtual void tell_files(file_owners&) {}
};

} // namespace proxy::stores
