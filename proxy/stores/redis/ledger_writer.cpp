// From batches to script calls.
#include "proxy/stores/redis/ledger_writer.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "policies/keys/secret.hpp"
#include "proxy/stores/redis/lease_desk.hpp"
#include "proxy/stores/redis/limit_wire.hpp"
#include "proxy/stores/redis/names.hpp"
#include "proxy/stores/redis/recent.hpp"
#include "proxy/stores/redis/scripts.hpp"
#include "proxy/stores/redis/usage_wire.hpp"

namespace proxy::stores::redis {

using journal::entry;
using journal::entry_kind;
namespace limits = policies::limits;

namespace {

policies::instant at(std::int64_t ms) {
  return policies::instant{policies::milliseconds{ms}};
}

outcome<void> all_well(const outcome<std::vector<reply>>& replies) {
  if (!replies)
    return replies.error();
  for (const reply& each : *replies)
    if (is_error(*each))
      return refused_by_redis(*each);
  return {};
}

// Of what was admitted while Redis was away, only the last minute counts in its meters: the rest
// has drained.
// So has what is told once more long afterwards.
packer packed_outcome(const entry& e, std::uint64_t node, bool again) {
  constexpr std::int64_t drained_ms = 60'000;
  const bool divided = e.count == divided_number;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const bool recent =
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count() - e.time_ms < drained_ms;
  const std::int64_t ran = !was_dispatched(e.end) ? 0 : divided && recent ? 2 : 1;
  packer out;
  const std::string_view id{reinterpret_cast<const char*>(e.request.data()), e.request.size()};
  out << static_cast<std::int64_t>(e.sequence) << ran << id
      << ((divided || again) && !recent ? 0 : e.charged_tokens) << e.cost_nano
      << limits::month_of(at(e.started_ms)) << limits::day_of(at(e.started_ms))
      << lease_name(node, divided ? 0 : e.count);
  return out;
}

// What a step of the journal adds: sums, and when keys were used.
struct additions {
  roll_ups sums;
  std::map<std::uint64_t, std::int64_t> used_ms;

  void add(const entry& e, const keys::key_directory& directory) {
    for (const keys::key_slot* slot = directory.by_id(policies::key_id{e.key}); slot;
         slot = slot->parent) {
      std::int64_t& latest = used_ms[slot->id.value];
      latest = std::max(latest, e.time_ms);
    }
    sums.add(e);
  }
  // Key by key, as the script takes them.
  auto by_key() const {
    std::map<std::uint64_t, std::vector<const std::pair<const roll_up_key, roll_ups::row>*>> all;
    for (const auto& each : sums.rows())
      all[each.first.key].push_back(&each);
    return all;
  }
};

} // namespace

std::string sums_name(std::uint64_t key) {
  return "ds:{ledger}:sums:" + hex(key);
}
std::string hours_name(std::uint64_t key) {
  return "ds:{ledger}:hours:" + hex(key);
}
std::string spreads_name(std::uint64_t key) {
  return "ds:{ledger}:spreads:" + hex(key);
}
std::string ledger_writer::lanes_of_node() const {
  return lanes_prefix + hex(settings_.node);
}

outcome<std::vector<journal::lane_progress>> ledger_writer::progress() {
  auto lanes = by_.ask("HGETALL", lanes_of_node());
  if (!lanes)
    return lanes.error();
  std::vector<journal::lane_progress> all;
  const auto items = items_of(**lanes);
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    const auto lane = unhex(text_of(*items[i]));
    const auto applied = number_of(*items[i + 1]);
    if (!lane || !applied || *applied < 0)
      return failure{errc::store_unavailable, lanes_of_node() + " in Redis is not ours"};
    all.push_back({*lane, static_cast<std::uint64_t>(*applied)});
    applied_[*lane] = static_cast<std::uint64_t>(*applied);
  }
  return all;
}

outcome<void> ledger_writer::forget_lanes(std::span<const journal::lane_progress> lanes) {
  if (lanes.empty())
    return {};
  std::vector<std::string> names;
  directory_.for_each([&](keys::key_slot& slot) {
    names.push_back(lanes_name(slot.root->id.value, slot.id.value));
  });
  for (std::size_t begin = 0; begin < names.size(); begin += settings_.entries_a_step) {
    batch some;
    const std::size_t end = std::min(names.size(), begin + settings_.entries_a_step);
    for (std::size_t i = begin; i < end; ++i) {
      std::vector<std::string> words{"HDEL", names[i]};
      for (const auto& each : lanes)
        words.push_back(hex(each.lane));
      some.add(std::span<const std::string>{words});
    }
    if (auto done = all_well(by_.run(some)); !done)
      return done;
  }
  told_.clear();
  return {};
}

bool ledger_writer::apply(std::span<const journal::batch> batches) {
  const std::string before = std::move(trouble_);
  trouble_.clear();
  for (const journal::batch& each : batches) {
    for (std::size_t begin = 0; begin < each.entries.size() && trouble_.empty();
         begin += settings_.entries_a_step) {
      const std::size_t count = std::min(settings_.entries_a_step, each.entries.size() - begin);
      const journal::batch part{each.lane, each.first + begin, each.entries.subspan(begin, count)};
      if (auto done = tell(part); !done)
        trouble_ = done.error().message;
    }
  }
  tell_recent();
  if (before.empty() && !trouble_.empty())
    spdlog::error("ledger: usage cannot be written, the journal keeps it: {}", trouble_);
  if (!before.empty() && trouble_.empty())
    spdlog::info("ledger: usage is written again");
  return trouble_.empty();
}

void ledger_writer::tell_recent() {
  if (recent_.size() > 0 && !all_well(by_.run(recent_)))
    spdlog::debug("ledger: what went on lately could not be told to other proxies");
  recent_ = {};
}

outcome<void> ledger_writer::tell(const journal::batch& part) {
  if (auto done = tell_outcomes(part); !done)
    return done;
  note_flights(part);
  forget_applied();
  return tell_sums(part);
}

// What is not forgotten now, for whatever reason, Redis remembers until a sweep.
void ledger_writer::forget_applied() {
  const auto before = std::chrono::steady_clock::now() - settings_.reserve_age_max;
  std::map<std::uint64_t, std::vector<std::string>> by_root;
  while (to_forget_.size() > settings_.to_forget_max)
    to_forget_.pop_front();
  while (!to_forget_.empty() && to_forget_.front().at <= before) {
    const applied_request& r = to_forget_.front();
    std::vector<std::string>& words = by_root[r.root];
    if (words.empty())
      words = {"HDEL", holds_name(r.root)};
    words.emplace_back(reinterpret_cast<const char*>(r.id.data()), r.id.size());
    to_forget_.pop_front();
  }
  batch calls;
  for (const auto& [root, words] : by_root)
    calls.add(std::span<const std::string>{words});
  if (calls.size() > 0 && !by_.run(calls))
    spdlog::debug("ledger: ended requests stay remembered");
}

outcome<void> ledger_writer::tell_outcomes(const journal::batch& part) {
  std::map<std::uint64_t, std::vector<const entry*>> by_key;
  for (const entry& e : part.entries)
    if (e.kind == entry_kind::outcome && concerns(e, part.lane))
      by_key[e.key].push_back(&e);
  // Of each key one call at a time: where one is turned away, none that comes after it has run.
  for (std::size_t begin = 0; begin < part.entries.size(); begin += settings_.outcomes_a_call) {
    batch calls;
    std::vector<std::pair<const keys::key_slot*, std::uint64_t>> called; // and the last sequence
    for (const auto& [id, outcomes] : by_key) {
      keys::key_slot* slot = directory_.by_id(policies::key_id{id});
      if (!slot || begin >= outcomes.size())
        continue; // without a key they count in the sums only
      const std::size_t count = std::min(settings_.outcomes_a_call, outcomes.size() - begin);
      add_outcomes(calls, part.lane, *slot, std::span{outcomes}.subspan(begin, count));
      called.emplace_back(slot, outcomes[begin + count - 1]->sequence);
    }
    if (calls.size() == 0)
      break;
    const auto replies = by_.run(calls);
    if (auto done = all_well(replies); !done)
      return done;
    for (std::size_t i = 0; i < called.size(); ++i) {
      if ((*replies)[i]->integer < 0)
        return forgotten(called[i].first->root->id.value);
      note_told(called[i].first->id.value, part.lane, called[i].second);
    }
  }
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [id, outcomes] : by_key)
    if (const keys::key_slot* slot = directory_.by_id(policies::key_id{id}))
      for (const entry* e : outcomes)
        if (e->count == 0) // else nothing was held by its name
          to_forget_.push_back({now, slot->root->id.value, e->request});
  return {};
}

void ledger_writer::add_outcomes(batch& to, std::uint64_t lane, keys::key_slot& key,
                                 std::span<const entry* const> outcomes) const {
  // This thread is no reader of the directory: records are copied, not looked at.
  const std::uint64_t root = key.root->id.value;
  script_call call{script::apply};
  call.key(holds_name(root)).key(lanes_name(root, key.id.value));
  packer allowed;
  for (const keys::key_slot* each = &key; each; each = each->parent) {
    call.key(state_name(root, each->id.value));
    pack(allowed, directory_.copy_of(each->id)->limits);
  }
  packer now;
  now << (settings_.caller_clock ? outcomes.back()->time_ms : 0)
      << static_cast<std::int64_t>(told_of(key.id.value, lane));
  call.argument(hex(lane)).argument(allowed.text()).argument(now.text());
  for (const entry* e : outcomes)
    call.argument(packed_outcome(*e, settings_.node, told_before(*e, lane)).text());
  to.add(call);
}

outcome<void> ledger_writer::tell_sums(const journal::batch& part) {
  additions all;
  std::uint64_t& known = applied_[part.lane];
  const std::uint64_t first = std::max(part.first, known + 1);
  const std::uint64_t last = part.first + part.entries.size() - 1;
  if (last < first)
    return {}; // told for the sake of some limits
  for (const entry& e : part.entries.subspan(first - part.first))
    all.add(e, directory_);
  all.sums.add_account();
  packer range;
  range << static_cast<std::int64_t>(first) << static_cast<std::int64_t>(last)
        << static_cast<std::int64_t>(known);
  script_call call{script::roll_up};
  call.key(lanes_of_node()).key(last_use_name);
  call.argument(hex(part.lane)).argument(range.text());
  call.argument(std::to_string(settings_.hours_kept)).argument(std::to_string(all.used_ms.size()));
  for (const auto& [key, ms] : all.used_ms)
    call.argument(hex(key)).argument(std::to_string(ms));
  for (const auto& [key, rows] : all.by_key()) {
    call.key(sums_name(key)).key(hours_name(key)).key(spreads_name(key));
    const std::string index = std::to_string(call.keys() - 2);
    for (const auto* each : rows) {
      const auto& [where, added] = *each;
      call.argument(index)
          .argument(std::to_string(where.hour))
          .argument(field_of(where.hour, where.feature, where.model))
          .argument(pack(added.sums))
          .argument(added.spread.packed());
    }
  }
  auto told = by_.single(batch{call});
  if (!told)
    return told.error();
  const auto items = items_of(**told);
  constexpr std::int64_t added = 1, added_behind_a_gap = 3;
  const auto code = items.empty() ? std::nullopt : number_of(*items[0]);
  if (code == added || code == added_behind_a_gap)
    add_recent(recent_, settings_.node, part);
  const auto applied = items.size() == 2 ? number_of(*items[1]) : std::nullopt;
  if (applied && number_of(*items[0]) == 4)
    return forgotten(std::nullopt);
  if (applied)
    spdlog::error("ledger: lane {:016x}: nothing is left of entries {} to {}", part.lane,
                  *applied + 1, first - 1);
  known = last;
  return {};
}

} // namespace proxy::stores::redis
