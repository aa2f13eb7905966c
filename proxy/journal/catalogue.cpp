// Keeping the list of lanes.
#include "proxy/journal/catalogue.hpp"

#include <algorithm>
#include <limits>

namespace proxy::journal {

void catalogue::add(log_pointer log, std::vector<segment_info> segments) {
  const std::lock_guard guard(lock_);
  log->segments_ = std::move(segments);
  logs_.push_back(std::move(log));
}

void catalogue::clear() {
  const std::lock_guard guard(lock_);
  logs_.clear();
}

bool catalogue::any_live() const {
  const std::lock_guard guard(lock_);
  return std::any_of(logs_.begin(), logs_.end(),
                     [](const auto& log) { return log->writer != nullptr; });
}

std::vector<log_pointer> catalogue::logs() const {
  const std::lock_guard guard(lock_);
  return logs_;
}

bool catalogue::has(std::uint64_t lane) const {
  const std::lock_guard guard(lock_);
  return std::any_of(logs_.begin(), logs_.end(), [&](const auto& log) { return log->id == lane; });
}

std::vector<segment_info> catalogue::segments_of(const lane_log& log) const {
  const std::lock_guard guard(lock_);
  return log.segments_;
}

std::vector<segment_info> catalogue::segments_of(const lane_log& log, std::uint64_t first,
                                                 std::uint64_t last) const {
  const std::lock_guard guard(lock_);
  std::vector<segment_info> found;
  for (const segment_info& info : log.segments_)
    if (info.end() > first && info.first <= last)
      found.push_back(info);
  return found;
}

std::uint64_t catalogue::next_kept(const lane_log& log, std::uint64_t from) const {
  const std::lock_guard guard(lock_);
  std::uint64_t next = std::numeric_limits<std::uint64_t>::max();
  for (const segment_info& info : log.segments_)
    if (info.end() > from)
      next = std::min(next, std::max(info.first, from));
  return next;
}

void catalogue::add_segment(lane_log& log, segment_info info) {
  const std::lock_guard guard(lock_);
  log.segments_.push_back(std::move(info));
}

void catalogue::seal_segment(lane_log& log, const segment_info& now) {
  const std::lock_guard guard(lock_);
  for (segment_info& info : log.segments_)
    if (info.number == now.number)
      info = now;
}

void catalogue::remove_segment(lane_log& log, std::uint32_t number) {
  const std::lock_guard guard(lock_);
  std::erase_if(log.segments_, [&](const segment_info& info) { return info.number == number; });
  if (!log.segments_.empty() || log.writer)
    return;
  std::erase_if(logs_, [&](const log_pointer& one) { return one.get() == &log; });
}

catalogue::sums catalogue::sum() const {
  const std::lock_guard guard(lock_);
  sums all;
  for (const log_pointer& log : logs_) {
    // Applied first: what is published meanwhile must not make applied the larger one.
    const std::uint64_t applied = log->applied.load(std::memory_order_acquire);
    all.published += std::max(applied, log->published());
    all.applied += applied;
    all.segments += log->segments_.size();
    for (const segment_info& info : log->segments_)
      all.bytes += info.bytes;
  }
  return all;
}

} // namespace proxy::journal
