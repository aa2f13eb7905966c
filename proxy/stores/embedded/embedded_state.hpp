// What an embedded store is made of, for the files that implement it.
#pragma once

#include <mutex>
#include <optional>

#include "proxy/stores/directory_lock.hpp"
#include "proxy/stores/embedded/embedded_store.hpp"
#include "proxy/stores/embedded/file_table.hpp"
#include "proxy/stores/embedded/key_rows.hpp"
#include "proxy/stores/embedded/ledger_sink.hpp"
#include "proxy/stores/embedded/note_table.hpp"
#include "proxy/stores/embedded/report_rows.hpp"

namespace proxy::stores {

struct embedded_store::state_block {
  embedded_settings settings;
  keys::key_directory& directory;
  std::optional<directory_lock> lock;
  std::mutex changing; // one change of a key at a time
  std::unique_ptr<key_rows> rows;
  std::unique_ptr<report_rows> reports;
  std::unique_ptr<file_table> files;
  std::unique_ptr<note_table> notes;
  std::unique_ptr<ledger_sink> ledger;
  std::unique_ptr<journal::keeper> keeper; // goes first: it applies to the ledger to the end
  journal::recovery_report recovered;

  state_block(embedded_settings s, keys::key_directory& d) : settings(std::move(s)), directory(d) {}

  // Opening, in this order.
  outcome<void> take_directory();
  outcome<void> open_database();
  outcome<void> publish_keys();
  outcome<void> open_journal(policies::instant now);
  outcome<void> restore_limits(policies::instant now);
  void forget_old_lanes();

  // What stands against a change: nullopt for nothing.
  std::optional<failure> refuse_place(const policies::keys::key_record& record) const;
  std::optional<failure> refuse_secrets(const policies::keys::key_record& record) const;
};

} // namespace proxy::stores
