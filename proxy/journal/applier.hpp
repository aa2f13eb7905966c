// Hands every lane's entries to the sink, in order, once they are on disk. A batch that was refused
// comes again unchanged, and nothing of its lane overtakes it.
#pragma once

#include <atomic>
#include <map>

#include "proxy/journal/catalogue.hpp"
#include "proxy/journal/keeper.hpp"

namespace proxy::journal {

inline constexpr std::size_t entries_a_call_max = 16384;

class applier {
 public:
  explicit applier(catalogue& known) : known_(known) {}

  // Everything synced so far; false: the sink refused a lane, or a segment could not be read.
  bool run(sink& to);
  // When the oldest entry that the sink refuses was written; 0: it takes all. Any thread.
  std::int64_t refused_since_ms() const { return refused_since_.load(std::memory_order_relaxed); }
  std::size_t handed_over() const { return handed_over_; }

 private:
  std::uint64_t end_of_call(const lane_log& log, std::uint64_t first, std::uint64_t synced) const;
  bool run_lane(lane_log& log, sink& to);
  void set_back(const lane_progress& to);
  // Reads [first, last], as far as there is; the batches lie in `buffer_`.
  bool gather(const lane_log& log, std::uint64_t first, std::uint64_t last);

  catalogue& known_;
  std::vector<entry> buffer_;
  std::vector<batch> batches_;
  std::map<std::uint64_t, std::uint64_t> refused_; // lane -> last sequence of its refused batch
  std::atomic<std::int64_t> refused_since_{0};
  bool read_failing_ = false;
  std::size_t handed_over_ = 0;
};

} // namespace proxy::journal
