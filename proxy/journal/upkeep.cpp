// The rounds: allocate first, for an overdue segment means 503s, then sync, then the rest.
#include "proxy/journal/upkeep.hpp"

#include <unistd.h>

#include <cstring>
#include <random>

#include <spdlog/spdlog.h>

#include "proxy/journal/lane_state.hpp"
#include "proxy/journal/survey.hpp"

namespace proxy::journal {
namespace {

// Positive as a signed number, for stores that have no other.
std::uint64_t random_lane_id(const catalogue& known) {
  std::random_device device;
  std::uint64_t id = 0;
  while (id == 0 || known.has(id))
    id = ((std::uint64_t{device()} << 32) | device()) & 0x7fff'ffff'ffff'ffffu;
  return id;
}

} // namespace

outcome<lane*> upkeep::make_lane(keeper& owner, std::int64_t now_ms) {
  const std::lock_guard guard(lock_);
  auto log = std::make_shared<lane_log>(random_lane_id(known_));
  log->writer = std::make_unique<lane>(owner, log->id);
  writing made{log, {}};
  if (auto done = allocate(made, 1, now_ms); !done)
    return done.error();
  log->writer->state_->use(*made.mapped.back());
  known_.add(log, {made.mapped.back()->info});
  lanes_.push_back(std::move(made));
  return log->writer.get();
}

void upkeep::tick(std::int64_t now_ms) {
  allocate_ahead(now_ms);
  sync();
  const std::lock_guard guard(lock_);
  for (writing& lane : lanes_)
    retire_full(lane);
}

outcome<void> upkeep::allocate(writing& lane, std::uint64_t first, std::int64_t now_ms) {
  const std::uint32_t number = lane.mapped.empty() ? 0 : lane.mapped.back()->info.number + 1;
  const segment_spec spec{settings_.directory,     lane.log->id, number, first,
                          settings_.segment_bytes, now_ms};
  auto made = segment::create(spec, settings_.allocate);
  note_allocation(made.has_value(), made ? std::string{} : made.error().message);
  if (!made)
    return made.error();
  lane.mapped.push_back(std::move(*made));
  new_names_ = true;
  return {};
}

void upkeep::allocate_ahead(std::int64_t now_ms) {
  const std::lock_guard guard(lock_);
  bool held_back = false;
  for (writing& one : lanes_) {
    if (!wants_segment(one))
      continue;
    if (over_backlog()) {
      held_back = true;
      continue;
    }
    if (!allocate(one, one.mapped.back()->info.end(), now_ms))
      continue;
    known_.add_segment(*one.log, one.mapped.back()->info);
    one.log->writer->state_->spare.store(one.mapped.back().get(), std::memory_order_release);
  }
  if (held_back && !backlog_reached_)
    spdlog::error("journal: {} bytes of entries are not applied yet, the most allowed: no further "
                  "segments until the store takes them",
                  settings_.backlog_bytes_max);
  backlog_reached_ = held_back;
}

bool upkeep::wants_segment(const writing& lane) const {
  const lane::state& of = *lane.log->writer->state_;
  if (of.spare.load(std::memory_order_acquire) != nullptr)
    return false;
  const segment_info& current = lane.mapped.back()->info;
  const std::uint64_t next = std::max(lane.log->published() + 1, current.first);
  const std::uint64_t promised = of.open.load(std::memory_order_relaxed);
  return next - current.first + promised >= current.capacity / 2;
}

bool upkeep::over_backlog() const {
  const catalogue::sums all = known_.sum();
  const std::size_t most = std::max(settings_.backlog_bytes_max, 2 * settings_.segment_bytes);
  return (all.published - all.applied) * sizeof(entry) + settings_.segment_bytes > most;
}

void upkeep::note_allocation(bool worked, const std::string& why) {
  const bool was_full = full_.exchange(!worked, std::memory_order_relaxed);
  if (!worked && !was_full)
    spdlog::error("journal: {}", why);
  if (worked && was_full)
    spdlog::info("journal: there is disk space again");
}

bool upkeep::sync() {
  const std::lock_guard guard(lock_);
  bool whole = sync_names();
  for (writing& one : lanes_)
    whole = sync_lane(one) && whole;
  if (!whole && !sync_failing_)
    spdlog::error("journal: {} cannot be written to disk; entries are kept in memory and not "
                  "applied until it can",
                  settings_.directory.string());
  if (whole && sync_failing_)
    spdlog::info("journal: the disk takes writes again");
  sync_failing_ = !whole;
  return whole;
}

bool upkeep::sync_names() {
  if (!new_names_)
    return true;
  if (sync_file(settings_.directory) != 0)
    return false;
  new_names_ = false;
  return true;
}

bool upkeep::sync_lane(writing& lane) {
  const std::uint64_t from = lane.log->synced.load(std::memory_order_relaxed) + 1;
  const std::uint64_t until = lane.log->published() + 1;
  if (from >= until || new_names_)
    return from >= until;
  for (const auto& one : lane.mapped) {
    const segment_info& info = one->info;
    if (info.end() <= from || info.first >= until)
      continue;
    const std::uint64_t begin = std::max(from, info.first) - info.first;
    const std::uint64_t end = std::min(until, info.end()) - info.first;
    if (one->sync(begin, end) != 0)
      return false;
    if (end < info.capacity)
      one->touch(end);
  }
  lane.log->synced.store(until - 1, std::memory_order_release);
  return true;
}

// A segment is out of its lane's hands once an entry stands in the next one.
void upkeep::retire_full(writing& lane) {
  while (lane.mapped.size() > 1) {
    segment_info& info = lane.mapped.front()->info;
    if (lane.log->published() < info.end() || lane.log->synced.load() + 1 < info.end())
      return;
    survey found;
    const auto add = [&](const entry& e, std::uint64_t sequence) { found.add(e, sequence); };
    if (for_each_slot(info, {}, add) && write_seal(info, found.sealed(info, false)) == 0)
      known_.seal_segment(*lane.log, info);
    lane.mapped.erase(lane.mapped.begin());
  }
}

void upkeep::expire(std::int64_t now_ms) {
  const std::int64_t before = now_ms - std::chrono::milliseconds{settings_.retention}.count();
  for (const log_pointer& log : known_.logs())
    for (const segment_info& info : known_.segments_of(*log)) {
      if (!info.sealed || info.sealed->newest_ms >= before)
        break;
      if (info.sealed->last > log->applied.load(std::memory_order_acquire))
        break;
      if (::unlink(info.path.c_str()) != 0 && errno != ENOENT) {
        spdlog::warn("journal: {} is past retention but cannot be deleted: {}", info.path.string(),
                     std::strerror(errno));
        break;
      }
      known_.remove_segment(*log, info.number);
    }
}

void upkeep::close_lanes() {
  const std::lock_guard guard(lock_);
  for (writing& one : lanes_)
    close_lane(one);
  lanes_.clear();
}

void upkeep::close_lane(writing& lane) {
  if (lane.log->writer->state_->open.load(std::memory_order_relaxed) > 0)
    return;
  const std::uint64_t last = lane.log->published();
  for (const auto& one : lane.mapped) {
    segment_info& info = one->info;
    if (info.first > last) {
      ::unlink(info.path.c_str());
      continue;
    }
    survey found;
    const auto add = [&](const entry& e, std::uint64_t sequence) { found.add(e, sequence); };
    if (!for_each_slot(info, {info.first, last}, add))
      continue;
    if (write_seal(info, found.sealed(info, last < info.end())) == 0)
      shrink(info);
  }
}

} // namespace proxy::journal
