// The background work on lanes that are being written: segments allocated ahead, entries synced,
// full segments sealed, old ones deleted. Knows neither sink nor recovery.
#pragma once

#include <map>
#include <mutex>

#include "proxy/journal/catalogue.hpp"
#include "proxy/journal/keeper.hpp"

namespace proxy::journal {

class upkeep {
 public:
  upkeep(const keeper_settings& settings, catalogue& known) : settings_(settings), known_(known) {}

  outcome<lane*> make_lane(keeper& owner, std::int64_t now_ms);
  // One round of everything but expiry.
  void tick(std::int64_t now_ms);
  // Everything published so far is on disk; false where the disk refuses.
  bool sync();
  // Deletes segments whose newest entry is past retention and which are applied.
  void expire(std::int64_t now_ms);
  // After the last append: lanes without open intents are closed, so that no start reads them
  // again.
  void close_lanes();

  bool disk_full() const { return full_.load(std::memory_order_relaxed); }

 private:
  // The mapped segments of one live lane, oldest first; the last may be a spare.
  struct writing {
    log_pointer log;
    std::vector<std::unique_ptr<segment>> mapped;
  };
  outcome<void> allocate(writing& lane, std::uint64_t first, std::int64_t now_ms);
  void allocate_ahead(std::int64_t now_ms);
  bool wants_segment(const writing& lane) const;
  bool over_backlog() const;
  bool sync_lane(writing& lane);
  bool sync_names();
  void retire_full(writing& lane);
  void close_lane(writing& lane);
  void note_allocation(bool worked, const std::string& why);

  const keeper_settings& settings_;
  catalogue& known_;
  mutable std::mutex lock_; // of all below; never held by a lane's thread
  std::vector<writing> lanes_;
  bool new_names_ = false;
  bool sync_failing_ = false;
  bool backlog_reached_ = false;
  std::atomic<bool> full_{false};
};

} // namespace proxy::journal
