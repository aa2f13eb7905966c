// The store of a proxy that runs alone: limits in process memory, rebuilt at start from SQLite and
// journal; keys, roll-ups and audit in SQLite (WAL). One process owns a data directory.
#pragma once

#include <filesystem>
#include <memory>

#include "proxy/journal/keeper.hpp"
#include "proxy/keys/key_directory.hpp"
#include "proxy/stores/store.hpp"

namespace proxy::stores {

inline constexpr const char* database_name = "store.db"; // in the data directory

struct embedded_settings {
  std::filesystem::path directory;  // made with mode 0700 where absent
  journal::keeper_settings journal; // .directory is set from `directory`
};

class embedded_store final : public store {
 public:
  // Locks the directory (flock; a clear failure names the owning pid), opens the database
  // (integrity checked; a clear failure says what to do), loads keys into the directory and limit
  // states, recovers the journal, closes interrupted requests.
  static outcome<std::unique_ptr<embedded_store>>
  open(embedded_settings settings, keys::key_directory& directory, policies::instant now);
  ~embedded_store() override;

  journal::keeper& journal() override;
  void start() override;
  const journal::recovery_report& recovered() const override;

  outcome<file_map> load_files() override;
  bool write_file(const std::string& file, std::optional<policies::key_id> owner) override;

  bool reserve(reserve_op& op) override;
  bool extend(reserve_op& op) override;
  void settle(keys::key_slot& key, const policies::request_id& id,
              const policies::limits::hold& held, const policies::limits::actuals& used,
              policies::instant now) override;
  void cancel(keys::key_slot& key, const policies::request_id& id,
              const policies::limits::hold& held, policies::instant now) override;

  outcome<void> insert(const policies::keys::key_record& record, const audit_row& why) override;
  outcome<void> update(const policies::keys::key_record& record, const audit_row& why) override;
  std::vector<policies::keys::key_record> list() const override;
  std::optional<policies::keys::key_record> get(policies::key_id id) const override;
  std::vector<usage_row> usage(std::optional<policies::key_id> key,
                               usage_range range) const override;
  std::vector<spread_row> spreads(std::optional<policies::key_id> key,
                                  usage_range range) const override;
  std::vector<key_total> totals(std::span<const policies::key_id> keys,
                                usage_range range) const override;
  usage_sums total(std::optional<policies::key_id> key, usage_range range) const override;
  policies::limits::limit_state state(policies::key_id id, policies::instant now) const override;
  std::optional<policies::instant> last_used(policies::key_id id) const override;
  std::vector<journal::entry> recent_errors(std::optional<policies::key_id> id,
                                            std::int64_t from_ms,
                                            std::size_t count_max) const override;
  std::vector<audit_row> audit(std::size_t count_max) const override;
  std::vector<audit_row> audit_of(std::string_view subject, std::int64_t from_ms,
                                  std::size_t count_max) const override;
  std::vector<minute_row> minutes(std::optional<policies::key_id> key,
                                  minute_range range) const override;
  void rows(std::int64_t from_ms, std::int64_t until_ms,
            const std::function<bool(const journal::entry&)>& visit) const override;

 private:
  embedded_store();
  struct state_block;
  std::unique_ptr<state_block> state_;
};

} // namespace proxy::stores
