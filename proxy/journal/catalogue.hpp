// What the keeper knows of all lanes on disk, its own and the dead: their segments in order, how
// far each is written, synced and applied. A list behind a mutex; does no I/O.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "proxy/journal/lane.hpp"
#include "proxy/journal/segment.hpp"

namespace proxy::journal {

struct lane_log {
  explicit lane_log(std::uint64_t name) : id(name) {}
  const std::uint64_t id;
  std::unique_ptr<lane> writer; // none: the lane is dead and ends at `end`
  std::atomic<std::uint64_t> end{0};
  std::atomic<std::uint64_t> synced{0};  // the upkeep's to set
  std::atomic<std::uint64_t> applied{0}; // the applier's to set

  std::uint64_t published() const {
    return writer ? writer->published() : end.load(std::memory_order_acquire);
  }

 private:
  friend class catalogue;
  std::vector<segment_info> segments_;
};
using log_pointer = std::shared_ptr<lane_log>;

class catalogue {
 public:
  void add(log_pointer log, std::vector<segment_info> segments);
  void clear();
  bool any_live() const;
  std::vector<log_pointer> logs() const;
  bool has(std::uint64_t lane) const;

  std::vector<segment_info> segments_of(const lane_log& log) const;
  // Those that may hold a sequence of [first, last].
  std::vector<segment_info> segments_of(const lane_log& log, std::uint64_t first,
                                        std::uint64_t last) const;
  // The first sequence from there on that a segment may hold.
  std::uint64_t next_kept(const lane_log& log, std::uint64_t from) const;
  void add_segment(lane_log& log, segment_info info);
  void seal_segment(lane_log& log, const segment_info& now);
  // A dead lane without segments is forgotten.
  void remove_segment(lane_log& log, std::uint32_t number);

  struct sums {
    std::uint64_t published = 0;
    std::uint64_t applied = 0;
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;
  };
  sums sum() const;

 private:
  mutable std::mutex lock_;
  std::vector<log_pointer> logs_;
};

} // namespace proxy::journal
