// Closing a dead lane: read its end, append what is missing, sync, then seal. Each step leaves a
// directory from which all of it can be done again.
#include "proxy/journal/recovery.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace proxy::journal {
namespace {

struct request_hash {
  std::size_t operator()(const std::array<std::uint8_t, 16>& id) const { // random bytes already
    std::size_t value = 0;
    std::memcpy(&value, id.data(), sizeof value);
    return value;
  }
};

class open_intents {
 public:
  void see(const entry& e) {
    if (e.kind == entry_kind::intent)
      open_.insert_or_assign(e.request, e);
    if (e.kind == entry_kind::outcome)
      open_.erase(e.request);
  }
  std::vector<entry> in_order() const {
    std::vector<entry> all;
    for (const auto& [request, intent] : open_)
      all.push_back(intent);
    std::sort(all.begin(), all.end(),
              [](const entry& a, const entry& b) { return a.sequence < b.sequence; });
    return all;
  }

 private:
  std::unordered_map<std::array<std::uint8_t, 16>, entry, request_hash> open_;
};

entry interrupted(const entry& intent, std::uint64_t sequence, std::int64_t now_ms) {
  entry e = intent;
  e.kind = entry_kind::outcome;
  e.end = ending::interrupted;
  e.sequence = sequence;
  e.time_ms = now_ms;
  e.cost_nano = intent.hold_nano;
  e.charged_tokens = intent.hold_tokens;
  e.total_ms =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(now_ms - intent.time_ms, 0, 0xffff'ffff));
  e.status = 0;
  e.crc = checksum_of(e);
  return e;
}

failure cannot_write(const segment_info& info, int error) {
  return {errc::data_directory_unusable, fmt::format("cannot close interrupted requests in {}: {}",
                                                     info.path.string(), std::strerror(error))};
}

// Where the search for open intents begins: sealed segments long before the lane's end hold none.
// A few are always read, should the clock have jumped.
std::size_t first_relevant(const std::vector<segment_info>& segments,
                           std::chrono::milliseconds open_intent_age_max) {
  constexpr std::size_t always_read = 4;
  std::int64_t newest_ms = std::numeric_limits<std::int64_t>::min();
  for (const segment_info& info : segments)
    if (info.sealed)
      newest_ms = std::max(newest_ms, info.sealed->newest_ms);
  std::size_t from = 0;
  while (from + always_read < segments.size() && segments[from].sealed &&
         segments[from].sealed->newest_ms < newest_ms - open_intent_age_max.count())
    ++from;
  return from;
}

} // namespace

outcome<void> recovery::take_lane(std::uint64_t id, lane_files& lane) {
  std::sort(lane.segments.begin(), lane.segments.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  note_truncated(lane);
  const auto& last = lane.segments.back();
  if (!last.sealed || !last.sealed->closes_lane)
    if (auto done = close_lane(id, lane); !done)
      return done;
  if (lane.segments.empty())
    return {};
  auto log = std::make_shared<lane_log>(id);
  log->end = lane.segments.back().sealed->last;
  log->synced = log->end.load();
  log->applied = std::max(lane.applied, lane.segments.front().first - 1); // retention took the rest
  known_.add(std::move(log), std::move(lane.segments));
  return {};
}

outcome<void> recovery::close_lane(std::uint64_t id, lane_files& lane) {
  auto found = examine(lane);
  if (!found)
    return found.error();
  if (auto done = close_open(id, lane, *found); !done)
    return done;
  return seal_all(lane, *found);
}

outcome<recovery::examined> recovery::examine(const lane_files& lane) {
  examined found;
  open_intents open;
  found.from = first_relevant(lane.segments, settings_.open_intent_age_max);
  found.last_used = lane.segments.front().first - 1;
  for (std::size_t i = found.from; i < lane.segments.size(); ++i) {
    const segment_info& info = lane.segments[i];
    survey& one = found.surveys.emplace_back();
    const auto see = [&](const entry& slot, std::uint64_t sequence) {
      one.add(slot, sequence);
      if (is_sound(slot, sequence))
        open.see(slot);
    };
    if (auto done = for_each_slot(info, {}, see); !done)
      return done.error();
    found.last_used = std::max({found.last_used, one.last, info.sealed ? info.sealed->last : 0});
    if (one.damaged == 0)
      continue;
    spdlog::error("journal: {} damaged entries in {} are skipped", one.damaged, info.path.string());
    report_.bad_entries += one.damaged;
  }
  found.open = open.in_order();
  return found;
}

outcome<void> recovery::close_open(std::uint64_t id, lane_files& lane, examined& found) {
  std::uint64_t next = std::max(found.last_used, lane.applied) + 1;
  for (std::size_t done = 0; done < found.open.size();) {
    if (auto room = make_room(id, lane, found, next); !room)
      return room;
    const segment_info& info = lane.segments.back();
    next = std::max(next, info.first);
    survey& into = found.surveys.back();
    std::vector<entry> outcomes;
    while (done < found.open.size() && next < info.first + info.slots()) {
      outcomes.push_back(interrupted(found.open[done++], next, now_ms_));
      into.add(outcomes.back(), next++);
    }
    const int error = write_entries(info, outcomes.front().sequence, outcomes);
    if (error != 0)
      return cannot_write(info, error);
  }
  report_.interrupted += found.open.size();
  return {};
}

// Afterwards the last segment has a slot for `next`, or for a later sequence.
outcome<void> recovery::make_room(std::uint64_t id, lane_files& lane, examined& found,
                                  std::uint64_t next) {
  while (lane.segments.size() > 1 && lane.segments.back().first > next) { // a spare, never reached
    ::unlink(lane.segments.back().path.c_str());
    lane.segments.pop_back();
    found.surveys.pop_back();
  }
  const segment_info& last = lane.segments.back();
  if (next >= last.first && next < last.first + last.slots())
    return {};
  const segment_spec spec{settings_.directory,     id,
                          last.number + 1,         std::max(next, last.end()),
                          settings_.segment_bytes, now_ms_};
  auto made = segment::create(spec, settings_.allocate);
  if (!made)
    return made.error();
  lane.segments.push_back((*made)->info);
  found.surveys.emplace_back();
  return {};
}

outcome<void> recovery::seal_all(lane_files& lane, examined& found) {
  while (!lane.segments.empty() && found.surveys.back().last == 0 &&
         !lane.segments.back().sealed) { // nothing was ever written there
    ::unlink(lane.segments.back().path.c_str());
    lane.segments.pop_back();
    found.surveys.pop_back();
    if (found.surveys.empty())
      break;
  }
  for (std::size_t i = found.from; i < lane.segments.size(); ++i) {
    segment_info& info = lane.segments[i];
    const bool closes = i + 1 == lane.segments.size();
    if (info.sealed && !closes)
      continue;
    const seal what = found.surveys[i - found.from].sealed(info, closes);
    int error = sync_file(info.path);
    if (error == 0)
      error = write_seal(info, what);
    if (error == 0 && closes)
      error = shrink(info);
    if (error != 0)
      return cannot_write(info, error);
  }
  return {};
}

void recovery::note_truncated(const lane_files& lane) {
  for (const segment_info& info : lane.segments) {
    const std::uint64_t expected = info.sealed ? info.sealed->last + 1 - info.first : info.capacity;
    if (info.slots() >= expected)
      continue;
    ++report_.truncated_segments;
    spdlog::error("journal: {} was cut to {} of {} entries; what is there is kept",
                  info.path.string(), info.slots(), expected);
  }
}

} // namespace proxy::journal
