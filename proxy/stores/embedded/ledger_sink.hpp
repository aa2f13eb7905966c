// Folds the journal into roll-ups and limit states and commits them with each lane's progress in
// one transaction: an entry counts exactly once, however often it is replayed.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "policies/limits/reserve.hpp"
#include "proxy/journal/keeper.hpp"
#include "proxy/keys/key_directory.hpp"
#include "proxy/stores/embedded/database.hpp"
#include "proxy/stores/roll_up.hpp"

namespace proxy::stores {

class ledger_sink final : public journal::sink {
 public:
  // `on`: a connection of the sink's own. Keys and parents are looked up in the directory; what is
  // used by a key that is not there counts in the sums only.
  static outcome<std::unique_ptr<ledger_sink>> open(std::unique_ptr<database> on,
                                                    const keys::key_directory& directory);

  // False: the database cannot be written; nothing has changed. Told to the log when it begins and
  // when it ends. A gap in a lane is what the journal found damaged: it goes on behind it.
  bool apply(std::span<const journal::batch> batches) override;
  const std::string& trouble() const { return trouble_; } // empty: the last apply() worked

  // Drops the progress of lanes that are no more in the journal.
  void forget_lanes_except(const std::unordered_set<std::uint64_t>& present);

  std::vector<journal::lane_progress> progress() const;
  // What a key has used by what was applied: levels, debt and money; nothing held.
  struct folded {
    policies::limits::limit_state state;
    std::int64_t last_used_ms = 0;
  };
  std::optional<folded> of(policies::key_id id) const; // thread-safe
  void for_each(const std::function<void(policies::key_id, const folded&)>& visit) const;

 private:
  struct chain {
    std::vector<std::uint64_t> keys; // the key, then its parents
    std::vector<policies::limits::limit_set> limits;
  };
  // One apply(): all that will change, built beside what is.
  struct change {
    roll_ups sums;
    std::map<std::pair<std::uint64_t, std::int64_t>, usage_sums> days;    // by key and day
    std::map<std::pair<std::uint64_t, std::int64_t>, minute_row> minutes; // by key and minute
    std::unordered_map<std::uint64_t, folded> states;
    std::unordered_map<std::uint64_t, std::uint64_t> lanes;
    std::unordered_map<std::uint64_t, chain> chains;
  };

  ledger_sink(std::unique_ptr<database> on, const keys::key_directory& directory)
      : on_(std::move(on)), directory_(directory) {}
  bool load_lanes();
  bool load_states();
  void take(const journal::batch& from, change& into);
  void fold(const journal::entry& e, change& into);
  static void add_account(change& to);
  const chain& chain_of(std::uint64_t key, change& within) const;
  folded& state_in(std::uint64_t key, change& within) const;
  std::string commit(const change& what); // empty: done, else why not
  bool write_sums(const change& what);
  bool write_days(const change& what);
  bool write_spreads(const change& what);
  bool write_minutes(const change& what);
  bool forget_old_minutes(std::int64_t now);
  bool write_states(const change& what);
  bool write_lanes(const change& what);

  std::unique_ptr<database> on_;
  const keys::key_directory& directory_;
  std::unordered_map<std::uint64_t, std::uint64_t> applied_;
  mutable std::mutex lock_; // of folded_, which others read
  std::unordered_map<std::uint64_t, folded> folded_;
  std::int64_t minutes_end_ = 0; // older ones are forgotten
  std::string trouble_;
};

} // namespace proxy::stores
