// The store of proxies that share limits: everything lies in one Redis, decided there by scripts;
// each proxy keeps its journal, which tells Redis again whatever it may have missed. A copy of all
// keys is in each proxy's memory, at most a second behind.
#pragma once

#include <filesystem>
#include <memory>

#include "proxy/keys/key_directory.hpp"
#include "proxy/stores/redis/address.hpp"
#include "proxy/stores/store.hpp"

namespace proxy::stores {

struct redis_settings {
  redis::address where;
  std::string ca_file;             // rediss://; empty: the system's
  std::filesystem::path directory; // of this proxy's journal
  journal::keeper_settings journal;
  std::chrono::milliseconds lifetime_max{30 * 60 * 1000}; // of a hold, before it becomes a charge
  bool leased = false;     // limits are lent to proxies in advance, else each request is asked for
  bool divides = false;    // while Redis is away, keys with limits a minute only go on
  bool replicated = false; // a hold counts once a replica has it
  // Limits go by the proxy's clock instead of Redis's: for a pretended clock, and for tests.
  bool caller_clock = false;
};

class redis_store final : public store {
 public:
  static outcome<std::unique_ptr<redis_store>>
  open(redis_settings settings, keys::key_directory& directory, policies::instant now);
  ~redis_store() override;

  journal::keeper& journal() override;
  void start() override;
  const journal::recovery_report& recovered() const override;

  outcome<file_map> load_files() override;
  bool write_file(const std::string& file, std::optional<policies::key_id> owner) override;
  bool lost_state() const override;
  figures condition() const override;
  outcome<note_map> load_notes(const std::string& kind) override;
  outcome<bool> write_note(const note& what, note_change how) override;
  void tell_files(file_owners& to) override;

  void join(io::reactor& loop) override;
  bool reserve(reserve_op& op) override;
  bool extend(reserve_op& op) override;
  void settle(keys::key_slot& key, const policies::request_id& id,
              const policies::limits::hold& held, const policies::limits::actuals& used,
              policies::instant now) override;
  void cancel(keys::key_slot& key, const policies::request_id& id,
              const policies::limits::hold& held, policies::instant now) override;
  // Of the calling thread: commands whose answer is still to come.
  std::size_t open_operations() const;
  // Of the calling thread: soon nothing is lent to it that is not in use.
  void bring_leases_home();

  outcome<void> insert(const policies::keys::key_record& record, const audit_row& why) override;
  outcome<void> update(const policies::keys::key_record& record, const audit_row& why) override;
  std::vector<policies::keys::key_record> list() const override;
  std::optional<policies::keys::key_record> get(policies::key_id id) const override;
  std::vector<usage_row> usage(std::optional<policies::key_id> key,
                               usage_range range) const override;
  std::vector<spread_row> spreads(std::optional<policies::key_id> key,
                                  usage_range range) const override;
  policies::limits::limit_state state(policies::key_id id, policies::instant now) const override;
  std::optional<policies::instant> last_used(policies::key_id id) const override;
  std::vector<key_minute> elsewhere(std::int64_t from_ms) const override;
  std::vector<journal::entry> recent_errors(std::optional<policies::key_id> id,
                                            std::int64_t from_ms,
                                            std::size_t count_max) const override;
  // Of what went through this proxy.
  void rows(std::int64_t from_ms, std::int64_t until_ms,
            const std::function<bool(const journal::entry&)>& visit) const override;
  std::vector<audit_row> audit(std::size_t count_max) const override;

  // Turns holds that are older than lifetime_max at `now` into charges; done by itself, once a
  // minute, where limits go by Redis's clock. Returns how many.
  outcome<std::size_t> sweep(policies::instant now);
  // Publishes what other proxies changed; done by itself, several times a second.
  outcome<void> catch_up();

 private:
  redis_store();
  struct state_block;
  class restorer;
  std::unique_ptr<state_block> state_;
};

} // namespace proxy::stores
