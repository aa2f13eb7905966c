// Tells Redis what the journal says: outcomes to the limits, sums to the roll-ups, each with the
// lane's progress in the same step. What is told twice counts once. Where Redis has lost a part, it
// is told again from there, and what is in flight is held again (retelling.cpp).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "proxy/journal/keeper.hpp"
#include "proxy/keys/key_directory.hpp"
#include "proxy/stores/redis/blocking_client.hpp"
#include "proxy/stores/redis/limit_wire.hpp"
#include "proxy/stores/roll_up.hpp"

namespace proxy::stores::redis {

struct ledger_settings {
  std::uint64_t node = 0;
  bool caller_clock = false;          // outcomes count at the entry's time instead of Redis's
  std::int64_t hours_kept = 400 * 24; // of roll-ups
  std::size_t entries_a_step = 1000;  // told in one go
  // No copy of a request's reserve is on its way for longer: limit_line's patience, and a margin.
  std::chrono::milliseconds reserve_age_max{4000};
  std::size_t to_forget_max = 1'000'000; // beyond, Redis remembers them for a day
  std::size_t outcomes_a_call = 100;     // of one key, in one script
  bool sharded = false;                  // roots and sums lie in different processes
};

// What may have been lost by one Redis process.
struct suspicion {
  std::function<bool(std::uint64_t root)> of; // whose limits lie there
  bool has_sums = true;                       // and the sums
  std::set<std::uint64_t> lost;               // roots of which it has nothing left
  std::chrono::milliseconds lifetime_max{};   // of requests
  // Ends what this proxy holds there and has not sent; the applying thread calls it.
  std::function<outcome<void>(const std::function<bool(std::string_view id)>& sent)> end_unsent;
};

std::string sums_name(std::uint64_t key);
std::string hours_name(std::uint64_t key);
std::string spreads_name(std::uint64_t key);
inline constexpr const char* last_use_name = "ds:{ledger}:used";

class ledger_writer final : public journal::sink {
 public:
  ledger_writer(blocking_client& by, const keys::key_directory& directory, ledger_settings settings)
      : by_(by), directory_(directory), settings_(settings) {}

  bool begin(std::vector<journal::lane_progress>& lost) override;
  // False: unknown, or not now; the same batch comes again.
  bool apply(std::span<const journal::batch> batches) override;
  const std::string& trouble() const { return trouble_; } // empty: the last apply() worked

  outcome<std::vector<journal::lane_progress>> progress();
  // These lanes come no more: keys need not remember them.
  outcome<void> forget_lanes(std::span<const journal::lane_progress> lanes);

  // Told where Redis turns out to have forgotten what it had acknowledged: of which root, or of the
  // sums. Before the first apply().
  void when_lost(std::function<void(std::optional<std::uint64_t> root)> tell) {
    when_lost_ = std::move(tell);
  }
  // Another thread's. After suspect(), the journal is flushed: what the process lacks is told
  // again. When that has worked, told_all(), and it is flushed once more: what is in flight is held
  // again.
  void suspect(suspicion what);
  bool told_all(); // true: there was nothing to tell, or all of it is over
  struct retold {
    std::size_t lanes = 0;      // that had lost something
    std::size_t held_again = 0; // requests
    std::size_t holds_lost = 0; // of these: that it had been asked to hold
  };
  retold told_so_far() const;

 private:
  outcome<void> tell(const journal::batch& part);
  outcome<void> tell_outcomes(const journal::batch& part);
  void note_flights(const journal::batch& part);
  void note_told(std::uint64_t key, std::uint64_t lane, std::uint64_t sequence);
  std::uint64_t told_of(std::uint64_t key, std::uint64_t lane) const;
  bool concerns(const journal::entry& e, std::uint64_t lane) const;
  bool told_before(const journal::entry& e, std::uint64_t lane) const;
  outcome<void> compare();
  outcome<void> compare_keys();
  void compare_key(std::uint64_t key, const redisReply& lanes);
  void tell_from(std::uint64_t lane, std::uint64_t sequence);
  outcome<void> hold_again();
  script_call holding(const journal::entry& e, const keys::key_slot& key) const;
  failure forgotten(std::optional<std::uint64_t> root) const;
  outcome<void> tell_sums(const journal::batch& part);
  void tell_recent();
  void forget_applied();
  void add_outcomes(batch& to, std::uint64_t lane, keys::key_slot& key,
                    std::span<const journal::entry* const> outcomes) const;
  std::string lanes_of_node() const;

  blocking_client& by_;
  const keys::key_directory& directory_;
  ledger_settings settings_;
  std::unordered_map<std::uint64_t, std::uint64_t> applied_; // lane -> what Redis acknowledged
  // Applied, but not to be forgotten yet.
  struct applied_request {
    std::chrono::steady_clock::time_point at;
    std::uint64_t root;
    std::array<std::uint8_t, 16> id;
  };
  std::deque<applied_request> to_forget_;
  batch recent_; // for eyes, of what was told in this apply()
  std::string trouble_;
  std::function<void(std::optional<std::uint64_t> root)> when_lost_;

  // Outcomes that a key's limits were told, by lane: what Redis has to know.
  std::unordered_map<std::uint64_t, std::vector<journal::lane_progress>> told_;
  struct id_hash {
    std::size_t operator()(const std::array<std::uint8_t, 16>& id) const;
  };
  std::unordered_map<std::array<std::uint8_t, 16>, journal::entry, id_hash> flying_; // intents
  std::int64_t newest_ms_ = 0; // of the entries seen, by their own clock
  std::unordered_map<std::uint64_t, std::uint64_t> told_once_; // lane -> up to where
  std::unordered_map<std::uint64_t, std::uint64_t> back_; // lane -> what it is to be set back to
  std::unordered_set<std::uint64_t> lost_keys_;           // to whom it is told again
  bool all_lost_ = false;                                 // to all

  enum class stage : std::uint8_t { none, compare, tell, hold };
  mutable std::mutex suspecting_; // of what follows
  suspicion suspected_;
  stage stage_ = stage::none;
  retold retold_;
};

} // namespace proxy::stores::redis
