// Folding in memory, then one transaction, then the memory takes over what was committed.
#include "proxy/stores/embedded/ledger_sink.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "proxy/stores/embedded/limit_rows.hpp"

namespace proxy::stores {

using journal::entry;
using journal::entry_kind;
using policies::instant;
using policies::milliseconds;

namespace {

instant at(std::int64_t ms) {
  return instant{milliseconds{ms}};
}
std::string added_counts(std::string_view some, std::string_view more) {
  auto sum = policies::analytics::spread::unpacked(some);
  return (sum += policies::analytics::spread::unpacked(more)).packed();
}

} // namespace

outcome<std::unique_ptr<ledger_sink>> ledger_sink::open(std::unique_ptr<database> on,
                                                        const keys::key_directory& directory) {
  std::unique_ptr<ledger_sink> made{new ledger_sink(std::move(on), directory)};
  if (made->on_->define("added_counts", added_counts) && made->load_lanes() && made->load_states())
    return made;
  return failure{errc::database_corrupt,
                 "limit states and journal progress in the database cannot be read: " +
                     made->on_->error() + ". Restore it from a backup"};
}

bool ledger_sink::load_lanes() {
  statement rows = on_->prepare("SELECT lane, applied FROM lanes");
  while (rows.row())
    applied_[loaded(rows.number(0))] = loaded(rows.number(1));
  return !rows.failed();
}

bool ledger_sink::load_states() {
  statement rows =
      on_->prepare(fmt::format("SELECT key, {} FROM limit_states", limit_columns).c_str());
  while (rows.row())
    folded_[loaded(rows.number(0))] = {limit_state_in(rows, 1), last_used_in(rows, 1)};
  return !rows.failed();
}

std::vector<journal::lane_progress> ledger_sink::progress() const {
  std::vector<journal::lane_progress> all;
  for (const auto& [lane, applied] : applied_)
    all.push_back({lane, applied});
  return all;
}

std::optional<ledger_sink::folded> ledger_sink::of(policies::key_id id) const {
  const std::lock_guard guard(lock_);
  const auto found = folded_.find(id.value);
  return found == folded_.end() ? std::nullopt : std::optional{found->second};
}

void ledger_sink::for_each(
    const std::function<void(policies::key_id, const folded&)>& visit) const {
  const std::lock_guard guard(lock_);
  for (const auto& [id, f] : folded_)
    visit(policies::key_id{id}, f);
}

const ledger_sink::chain& ledger_sink::chain_of(std::uint64_t key, change& within) const {
  const auto [where, fresh] = within.chains.try_emplace(key);
  if (!fresh)
    return where->second;
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
    if (const auto found = folded_.find(key); found != folded_.end())
      where->second = found->second;
  return where->second;
}

void ledger_sink::fold(const entry& e, change& into) {
  const chain& members = chain_of(e.key, into);
  const bool charged = e.kind == entry_kind::outcome && was_dispatched(e.end);
  const policies::limits::ledger_row row{
      at(e.started_ms),
      at(e.time_ms),
      {policies::tokens{e.charged_tokens}, policies::nano_usd{e.cost_nano}}};
  for (std::size_t i = 0; i < members.keys.size(); ++i) {
    folded& f = state_in(members.keys[i], into);
    f.last_used_ms = std::max(f.last_used_ms, e.time_ms);
    if (e.kind == entry_kind::intent)
      policies::limits::fold_admission(f.state, members.limits[i], at(e.started_ms));
    if (charged)
      policies::limits::fold_outcome(f.state, members.limits[i], row);
  }
  if (into.sums.add(e)) {
    const minute_row minute = *minute_of(e);
    into.minutes[{e.key, minute.minute}] += minute;
  }
}

// What follows from the keys' rows is added up once a step, not once an entry.
void ledger_sink::add_account(change& to) {
  to.sums.add_account();
  for (const auto& [where, row] : to.sums.rows())
    to.days[{where.key, where.hour / 24}] += row.sums;
  std::map<std::int64_t, minute_row> minutes;
  for (const auto& [where, row] : to.minutes)
    minutes[where.second] += row;
  for (const auto& [minute, row] : minutes)
    to.minutes[{account_key, minute}] += row;
}

void ledger_sink::take(const journal::batch& from, change& into) {
  const auto known = applied_.find(from.lane);
  std::uint64_t& applied =
      into.lanes.try_emplace(from.lane, known == applied_.end() ? 0 : known->second).first->second;
  if (from.first > applied + 1)
    spdlog::error("ledger: lane {:016x}: nothing is left of entries {} to {}", from.lane,
                  applied + 1, from.first - 1);
  for (const entry& e : from.entries) {
    if (e.sequence <= applied)
      continue; // replayed
    fold(e, into);
    applied = e.sequence;
  }
}

bool ledger_sink::apply(std::span<const journal::batch> batches) {
  change what;
  for (const journal::batch& each : batches)
    take(each, what);
  add_account(what);
  const std::string before = std::exchange(trouble_, commit(what));
  if (before.empty() && !trouble_.empty())
    spdlog::error("ledger: usage cannot be written, the journal keeps it: {}", trouble_);
  if (!trouble_.empty())
    return false;
  if (!before.empty())
    spdlog::info("ledger: usage is written again");
  const std::lock_guard guard(lock_);
  for (const auto& [id, f] : what.states)
    folded_[id] = f;
  for (const auto& [lane, applied] : what.lanes)
    applied_[lane] = applied;
  return true;
}

void ledger_sink::forget_lanes_except(const std::unordered_set<std::uint64_t>& present) {
  statement remove = on_->prepare("DELETE FROM lanes WHERE lane = ?1");
  std::erase_if(applied_, [&](const auto& known) {
    return !present.contains(known.first) && remove.bind(1, stored(known.first)).done();
  });
}

} // namespace proxy::stores
