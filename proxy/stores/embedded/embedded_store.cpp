// The operations of both interfaces on what was opened.
#include "proxy/stores/embedded/embedded_store.hpp"

#include <algorithm>

#include "policies/limits/passage.hpp"
#include "proxy/stores/embedded/embedded_state.hpp"
#include "proxy/stores/least_left.hpp"
#include "proxy/stores/recent_errors.hpp"

namespace proxy::stores {

using policies::key_id;

namespace {

// Limits and state of each link of a key's chain, for policies/limits.
struct members {
  std::array<policies::limits::member, keys::chain_max> all{};
  std::size_t count = 0;
  explicit members(keys::key_slot& key) {
    const keys::key_chain chain{key};
    for (; count < chain.length; ++count)
      all[count] = {&chain.records[count]->limits, &chain.slots[count]->state};
  }
  std::span<const policies::limits::member> view() const { return {all.data(), count}; }
};

} // namespace

embedded_store::embedded_store() = default;
embedded_store::~embedded_store() = default;

journal::keeper& embedded_store::journal() {
  return *state_->keeper;
}
void embedded_store::start() {
  state_->keeper->start(*state_->ledger);
}
const journal::recovery_report& embedded_store::recovered() const {
  return state_->recovered;
}

bool embedded_store::reserve(reserve_op& op) {
  const std::lock_guard guard(op.key->root->lock);
  const members chain{*op.key};
  auto answer = policies::limits::reserve(chain.view(), op.ask, op.now);
  if (const auto* held = std::get_if<policies::limits::hold>(&answer)) {
    op.hold = *held;
    op.result = reserve_op::status::held;
  } else {
    op.refusal = std::get<policies::limits::limit_refusal>(answer);
    op.result = reserve_op::status::refused;
  }
  op.left = least_left(chain.view(), op.now);
  return true;
}

bool embedded_store::extend(reserve_op& op) {
  const std::lock_guard guard(op.key->root->lock);
  const members chain{*op.key};
  const auto refused = policies::limits::extend(chain.view(), op.hold, op.ask, op.now);
  if (refused)
    op.refusal = *refused;
  op.result = refused ? reserve_op::status::refused : reserve_op::status::held;
  op.left = least_left(chain.view(), op.now);
  return true;
}

void embedded_store::settle(keys::key_slot& key, const policies::request_id&,
                            const policies::limits::hold& held,
                            const policies::limits::actuals& used, policies::instant now) {
  const std::lock_guard guard(key.root->lock);
  policies::limits::settle(members{key}.view(), held, used, now);
}

void embedded_store::cancel(keys::key_slot& key, const policies::request_id&,
                            const policies::limits::hold& held, policies::instant now) {
  const std::lock_guard guard(key.root->lock);
  policies::limits::cancel(members{key}.view(), held, now);
}

outcome<store::file_map> embedded_store::load_files() {
  auto table = file_table::open(state_->settings.directory / database_name);
  if (!table)
    return table.error();
  state_->files = std::move(*table);
  return state_->files->load();
}

bool embedded_store::write_file(const std::string& file, std::optional<key_id> owner) {
  return state_->files->write(file, owner);
}

std::vector<usage_row> embedded_store::usage(std::optional<key_id> key, usage_range range) const {
  return state_->reports->usage(key, range);
}

std::vector<spread_row> embedded_store::spreads(std::optional<key_id> key,
                                                usage_range range) const {
  return state_->reports->spreads(key, range);
}

std::vector<key_store::key_total> embedded_store::totals(std::span<const key_id> keys,
                                                         usage_range range) const {
  return state_->reports->totals(keys, range);
}

usage_sums embedded_store::total(std::optional<key_id> key, usage_range range) const {
  return state_->reports->total(key, range);
}

policies::limits::limit_state embedded_store::state(key_id id, policies::instant now) const {
  keys::key_slot* slot = state_->directory.by_id(id);
  if (!slot)
    return {};
  const auto record = state_->directory.copy_of(id);
  policies::limits::limit_state copy;
  {
    const std::lock_guard guard(slot->root->lock);
    copy = slot->state;
  }
  const std::int64_t at_ms = std::max(copy.at_ms, now.time_since_epoch().count());
  policies::limits::advance(copy, record->limits, policies::limits::present_at(at_ms));
  return copy;
}

std::optional<policies::instant> embedded_store::last_used(key_id id) const {
  const auto folded = state_->ledger->of(id);
  if (!folded || folded->last_used_ms == 0)
    return std::nullopt;
  return policies::instant{policies::milliseconds{folded->last_used_ms}};
}

std::vector<journal::entry> embedded_store::recent_errors(std::optional<key_id> id,
                                                          std::int64_t from_ms,
                                                          std::size_t count_max) const {
  return errors_in(*state_->keeper, id, from_ms, count_max);
}

std::vector<audit_row> embedded_store::audit(std::size_t count_max) const {
  return state_->reports->audit(count_max);
}

std::vector<audit_row> embedded_store::audit_of(std::string_view subject, std::int64_t from_ms,
                                                std::size_t count_max) const {
  return state_->reports->audit_of(subject, from_ms, count_max);
}

std::vector<minute_row> embedded_store::minutes(std::optional<policies::key_id> key,
                                                minute_range range) const {
  return state_->reports->minutes(key, range);
}

void embedded_store::rows(std::int64_t from_ms, std::int64_t until_ms,
                          const std::function<bool(const journal::entry&)>& visit) const {
  state_->keeper->scan({from_ms, until_ms, false}, visit);
}

} // namespace proxy::stores
