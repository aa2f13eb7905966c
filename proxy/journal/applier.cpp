// From segments to batches.
#include "proxy/journal/applier.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "proxy/journal/survey.hpp"

namespace proxy::journal {

bool applier::run(sink& to) {
  std::vector<lane_progress> lost;
  if (!to.begin(lost))
    return false;
  for (const lane_progress& each : lost)
    set_back(each);
  bool whole = true;
  for (const log_pointer& log : known_.logs())
    whole = run_lane(*log, to) && whole;
  if (whole)
    refused_since_.store(0, std::memory_order_relaxed);
  return whole;
}

// Where nothing is, as before a segment whose number is damaged, it is passed in one step: one by
// one it could take for ever.
std::uint64_t applier::end_of_call(const lane_log& log, std::uint64_t first,
                                   std::uint64_t synced) const {
  const std::uint64_t next = known_.next_kept(log, first);
  if (next > first)
    return std::min(synced, next - 1);
  return synced - first < entries_a_call_max ? synced : first + entries_a_call_max - 1;
}

// What retention took comes no more.
void applier::set_back(const lane_progress& to) {
  for (const log_pointer& log : known_.logs()) {
    const auto segments = known_.segments_of(*log);
    if (log->id != to.lane || segments.empty() || log->applied <= to.applied)
      continue;
    log->applied.store(std::max(to.applied, segments.front().first - 1), std::memory_order_release);
    refused_.erase(log->id);
  }
}

bool applier::run_lane(lane_log& log, sink& to) {
  for (;;) {
    const std::uint64_t first = log.applied.load(std::memory_order_relaxed) + 1;
    const std::uint64_t synced = log.synced.load(std::memory_order_acquire);
    if (first > synced)
      return true;
    const auto refused = refused_.find(log.id);
    const std::uint64_t last =
        refused != refused_.end() ? refused->second : end_of_call(log, first, synced);
    if (!gather(log, first, last))
      return false;
    if (!batches_.empty() && !to.apply(batches_)) {
      refused_[log.id] = last;
      if (refused_since_.load(std::memory_order_relaxed) == 0)
        refused_since_.store(batches_.front().entries.front().time_ms, std::memory_order_relaxed);
      return false;
    }
    refused_.erase(log.id);
    handed_over_ += buffer_.size();
    log.applied.store(last, std::memory_order_release);
  }
}

bool applier::gather(const lane_log& log, std::uint64_t first, std::uint64_t last) {
  buffer_.clear();
  batches_.clear();
  const auto take = [&](const entry& slot, std::uint64_t sequence) {
    if (is_sound(slot, sequence))
      buffer_.push_back(slot);
  };
  for (const segment_info& info : known_.segments_of(log, first, last)) {
    if (const auto done = for_each_slot(info, {first, last}, take); !done) {
      if (!std::exchange(read_failing_, true))
        spdlog::error("journal: {}; its lane waits", done.error().message);
      return false;
    }
  }
  read_failing_ = false;
  if (const std::uint64_t missing = last - first + 1 - buffer_.size(); missing > 0)
    spdlog::error("journal: lane {:016x}: {} entries between {} and {} are damaged or missing",
                  log.id, missing, first, last);
  for (std::size_t begin = 0; begin < buffer_.size();) {
    std::size_t end = begin + 1;
    while (end < buffer_.size() && buffer_[end].sequence == buffer_[end - 1].sequence + 1)
      ++end;
    batches_.push_back(
        {log.id, buffer_[begin].sequence, std::span{buffer_}.subspan(begin, end - begin)});
    begin = end;
  }
  return true;
}

} // namespace proxy::journal
