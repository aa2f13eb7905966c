// Folding in memory, then one transaction, then the memory takes over what was committed.
#include "proxy/stores/embedded/ledger_sink.hpp"

#include <spdlog/spdlog.h>

namespace proxy::stores {

using journal::entry;
using journal::entry_kind;
using policies::instant;
using policies::milliseconds;

namespace {

instant at(std::int64_t ms) { return instant{milliseconds{ms}}; }
std::int64_t stored(std::uint64_t id) { return static_cast<std::int64_t>(id); }

} // namespace

std::size_t ledger_sink::hash::operator()(const roll_up_key& k) const {
  std::size_t mixed = std::hash<std::string>{}(k.model);
  for (const std::uint64_t part : {k.key, static_cast<std::uint64_t>(k.hour), std::uint64_t{k.feature}})
    mixed = (mixed ^ part) * 0x9E3779B97F4A7C15u;
  return mixed;
}

ledger_sink::ledger_sink(std::unique_ptr<database> on, const keys::key_directory& directory)
    : on_(std::move(on)), directory_(directory) {
  load();
}

void ledger_sink::load() {
  for (statement rows = on_->prepare("SELECT lane, applied FROM lanes"); rows.row();)
    applied_[static_cast<std::uint64_t>(rows.number(0))] = static_cast<std::uint64_t>(rows.number(1));
  statement rows = on_->prepare(
      "SELECT key, at_ms, requests_level, tokens_level, month_id, month_spent, day_id, day_spent, "
      "total_spent, last_used_ms FROM limit_states");
  while (rows.row()) {
    folded& f = folded_[static_cast<std::uint64_t>(rows.number(0))];
    f.state.at_ms = rows.number(1);
    f.state.requests.level = rows.number(2);
    f.state.tokens.level = rows.number(3);
    f.state.month = {rows.number(4), policies::nano_usd{rows.number(5)}, {}};
    f.state.day = {rows.number(6), policies::nano_usd{rows.number(7)}, {}};
    f.state.total = {0, policies::nano_usd{rows.number(8)}, {}};
    f.last_used_ms = rows.number(9);
  }
}

std::vector<journal::lane_progress> ledger_sink::progress() const {
  std::vector<journal::lane_progress> all;
  for (const auto& [lane, applied] : applied_) all.push_back({lane, applied});
  return all;
}

std::optional<ledger_sink::folded> ledger_sink::of(policies::key_id id) const {
  const std::lock_guard guard(lock_);
  const auto found = folded_.find(id.value);
  return found == folded_.end() ? std::nullopt : std::optional{found->second};
}

void ledger_sink::for_each(const std::function<void(policies::key_id, const folded&)>& visit) const {
  const std::lock_guard guard(lock_);
  for (const auto& [id, f] : folded_) visit(policies::key_id{id}, f);
}

const ledger_sink::chain& ledger_sink::chain_of(std::uint64_t key, change& within) const {
  const auto [where, fresh] = within.chains.try_emplace(key);
  if (!fresh) return where->second;
  for (const keys::key_slot* slot = directory_.by_id(policies::key_id{key}); slot;
       slot = slot->parent) {
    where->second.keys.push_back(slot->id.value);
    where->second.limits.push_back(directory_.copy_of(slot->id)->limits);
  }
  return where->second;
}

ledger_sink::folded& ledger_sink::state_in(std::uint64_t key, change& within) const {
  const auto [where, fresh] = within.states.try_emplace(key);
  if (fresh)
    if (const auto found = folded_.find(key); found != folded_.end()) where->second = found->second;
  return where->second;
}

void ledger_sink::fold(const entry& e, change& into) {
  const chain& members = chain_of(e.key, into);
  const bool charged = e.kind == entry_kind::outcome && e.end != journal::ending::not_dispatched;
  const policies::limits::ledger_row row{
      at(e.started_ms), at(e.time_ms),
      {policies::tokens{e.charged_tokens}, policies::nano_usd{e.cost_nano}}};
  for (std::size_t i = 0; i < members.keys.size(); ++i) {
    folded& f = state_in(members.keys[i], into);
    f.last_used_ms = std::max(f.last_used_ms, e.time_ms);
    if (e.kind == entry_kind::intent)
      policies::limits::fold_admission(f.state, members.limits[i], at(e.started_ms));
    if (charged) policies::limits::fold_outcome(f.state, members.limits[i], row);
  }
  if (const auto added = roll_up_of(e)) into.sums[added->where] += added->sums;
}

bool ledger_sink::take(const journal::batch& from, change& into) {
  const std::uint64_t before = applied_.contains(from.lane) ? applied_.at(from.lane) : 0;
  std::uint64_t applied = into.lanes.contains(from.lane) ? into.lanes.at(from.lane) : before;
  for (std::size_t i = 0; i < from.entries.size(); ++i) {
    const entry& e = from.entries[i];
    if (e.sequence <= applied) continue; // replayed
    fold(e, into);
    applied = e.sequence;
  }
  into.lanes[from.lane] = std::max(applied, before);
  return true;
}

bool ledger_sink::apply(std::span<const journal::batch> batches) {
  change what;
  for (const journal::batch& each : batches)
    if (!take(each, what)) return false;
  const bool done = commit(what);
  if (done == failing_) { // the state of things has changed
    failing_ = !done;
    if (done)
      spdlog::info("ledger: roll-ups are written again");
    else
      spdlog::error("ledger: roll-ups cannot be written, the journal keeps them: {}", on_->error());
  }
  if (!done) return false;
  const std::lock_guard guard(lock_);
  for (const auto& [id, f] : what.states) folded_[id] = f;
  for (const auto& [lane, applied] : what.lanes) applied_[lane] = applied;
  return true;
}

bool ledger_sink::commit(const change& what) {
  transaction all{*on_};
  return all.begun() && write_sums(what) && write_states(what) && write_lanes(what) && all.commit();
}

bool ledger_sink::write_sums(const change& what) {
  statement add = on_->prepare(
      "INSERT INTO rollups VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17) "
      "ON CONFLICT DO UPDATE SET requests=requests+?5, dispatched=dispatched+?6, refused=refused+?7, "
      "interrupted=interrupted+?8, errors=errors+?9, limited=limited+?10, "
      "cached_tokens=cached_tokens+?11, prompt_tokens=prompt_tokens+?12, "
      "output_tokens=output_tokens+?13, reasoning_tokens=reasoning_tokens+?14, "
      "cost_nano=cost_nano+?15, first_byte_ms_sum=first_byte_ms_sum+?16, "
      "total_ms_sum=total_ms_sum+?17");
  for (const auto& [where, sums] : what.sums) {
    add.bind(1, stored(where.key)).bind(2, where.hour).bind(3, where.model);
    int column = 4;
    for (const std::int64_t value :
         {std::int64_t{where.feature}, sums.requests, sums.dispatched, sums.refused,
          sums.interrupted, sums.errors, sums.limited, sums.cached_tokens, sums.prompt_tokens,
          sums.output_tokens, sums.reasoning_tokens, sums.cost_nano, sums.first_byte_ms_sum,
          sums.total_ms_sum})
      add.bind(column++, value);
    if (!add.done()) return false;
  }
  return true;
}

bool ledger_sink::write_states(const change& what) {
  statement put = on_->prepare("INSERT OR REPLACE INTO limit_states VALUES(?1,?2,?3,?4,?5,?6,?7,?8,"
                               "?9,?10)");
  for (const auto& [id, f] : what.states) {
    int column = 1;
    for (const std::int64_t value :
         {stored(id), f.state.at_ms, f.state.requests.level, f.state.tokens.level, f.state.month.id,
          f.state.month.spent.value, f.state.day.id, f.state.day.spent.value,
          f.state.total.spent.value, f.last_used_ms})
      put.bind(column++, value);
    if (!put.done()) return false;
  }
  return true;
}

bool ledger_sink::write_lanes(const change& what) {
  statement put = on_->prepare("INSERT OR REPLACE INTO lanes VALUES(?1, ?2)");
  for (const auto& [lane, applied] : what.lanes)
    if (!put.bind(1, stored(lane)).bind(2, stored(applied)).done()) return false;
  return true;
}

} // namespace proxy::stores
