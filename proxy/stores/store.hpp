// What a process needs of its store, whichever kind it is: limits, keys, and the journal in front
// of both.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "proxy/journal/keeper.hpp"
#include "proxy/stores/file_owners.hpp"
#include "proxy/stores/key_store.hpp"
#include "proxy/stores/limit_store.hpp"

namespace proxy::stores {

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
  // From now on tells what other proxies write, if there can be any; `to` outlives the store's
  // threads.
  virtual void tell_files(file_owners&) {}
};

} // namespace proxy::stores
