// Tells Redis what the journal says: outcomes to the limits, sums to the roll-ups, each with the
// lane's progress in the same step. What is told twice counts once.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
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
};

std::string sums_name(std::uint64_t key);
std::string hours_name(std::uint64_t key);
std::string spreads_name(std::uint64_t key);
inline constexpr const char* last_use_name = "ds:{ledger}:used";

class ledger_writer final : public journal::sink {
 public:
  ledger_writer(blocking_client& by, const keys::key_directory& directory, ledger_settings settings)
      : by_(by), directory_(directory), settings_(settings) {}

  // False: unknown, or not now; the same batch comes again.
  bool apply(std::span<const journal::batch> batches) override;
  const std::string& trouble() const { return trouble_; } // empty: the last apply() worked

  outcome<std::vector<journal::lane_progress>> progress();
  // These lanes come no more: keys need not remember them.
  outcome<void> forget_lanes(std::span<const journal::lane_progress> lanes);
  // Redis has forgotten what it had acknowledged: limits would be too generous.
  bool lost_state() const { return lost_state_.load(std::memory_order_relaxed); }
  void note_lost_state();

 private:
  outcome<void> tell(const journal::batch& part);
  outcome<void> tell_outcomes(const journal::batch& part);
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
  std::atomic<bool> lost_state_{false};
};

} // namespace proxy::stores::redis
