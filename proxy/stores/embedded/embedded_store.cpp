// Opening in order, and the operations of both interfaces on what was opened.
#include "proxy/stores/embedded/embedded_store.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_set>

#include "policies/keys/secret.hpp"
#include "proxy/stores/embedded/directory_lock.hpp"
#include "proxy/stores/embedded/key_rows.hpp"
#include "proxy/stores/embedded/ledger_sink.hpp"
#include "proxy/stores/embedded/schema.hpp"

namespace proxy::stores {

using policies::key_id;
using policies::keys::key_record;
using policies::keys::key_status;

struct embedded_store::state_block {
  embedded_settings settings;
  keys::key_directory& directory;
  std::optional<directory_lock> lock;
  std::unique_ptr<key_rows> rows;
  mutable std::mutex rows_lock;
  std::unique_ptr<ledger_sink> ledger;
  std::unique_ptr<journal::keeper> keeper; // goes first: it applies to the ledger to the end
  journal::recovery_report recovered;

  state_block(embedded_settings s, keys::key_directory& d) : settings(std::move(s)), directory(d) {}
  outcome<void> open_database();
  outcome<void> publish_keys();
  outcome<void> open_journal(policies::instant now);
  void restore_limits();
};

namespace {

// Parents before their children; what names an unknown parent stays out and is told.
void publish_in_order(std::vector<key_record> waiting, keys::key_directory& directory) {
  std::size_t before = 0;
  while (!waiting.empty() && waiting.size() != before) {
    before = waiting.size();
    std::erase_if(waiting, [&](key_record& record) {
      if (record.parent && !directory.by_id(*record.parent)) return false;
      directory.publish(std::move(record));
      return true;
    });
  }
  for (const key_record& record : waiting)
    spdlog::error("key {} names a parent that does not exist: it is not served",
                  policies::keys::to_string(record.id));
}

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

template <class T>
std::optional<T> least(const std::optional<T>& a, const std::optional<T>& b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

policies::limits::remaining least_left(const members& chain, policies::instant now) {
  policies::limits::remaining all;
  for (const auto& each : chain.view()) {
    const auto one = policies::limits::remaining_of(*each.limits, *each.state, now);
    all.requests = least(all.requests, one.requests);
    all.requests_reset = std::max(all.requests_reset, one.requests_reset);
    all.tokens_left = least(all.tokens_left, one.tokens_left);
    all.tokens_reset = std::max(all.tokens_reset, one.tokens_reset);
    if (one.money_left && (!all.money_left || *one.money_left < *all.money_left)) {
      all.money_left = one.money_left;
      all.money_limit = one.money_limit;
    }
  }
  return all;
}

} // namespace

embedded_store::embedded_store() = default;
embedded_store::~embedded_store() = default;

outcome<void> embedded_store::state_block::open_database() {
  const auto file = settings.directory / database_name;
  auto keys_side = database::open(file, "FULL");
  if (!keys_side) return keys_side.error();
  if (auto ready = prepare_schema(**keys_side, file); !ready) return ready.error();
  auto ledger_side = database::open(file, "NORMAL");
  if (!ledger_side) return ledger_side.error();
  rows = std::make_unique<key_rows>(std::move(*keys_side));
  if (auto published = publish_keys(); !published) return published.error();
  ledger = std::make_unique<ledger_sink>(std::move(*ledger_side), directory);
  return {};
}

outcome<void> embedded_store::state_block::publish_keys() {
  auto records = rows->load();
  if (!records) return records.error();
  publish_in_order(std::move(*records), directory);
  return {};
}

outcome<void> embedded_store::state_block::open_journal(policies::instant now) {
  settings.journal.directory = settings.directory / "journal";
  auto opened = journal::keeper::open(settings.journal);
  if (!opened) return opened.error();
  keeper = std::move(*opened);
  const auto progress = ledger->progress();
  auto report = keeper->recover(progress, *ledger, now.time_since_epoch().count());
  if (!report) return report.error();
  recovered = *report;
  return {};
}

// Nothing is in flight at a start: what the ledger says is all that counts.
void embedded_store::state_block::restore_limits() {
  ledger->for_each([this](key_id id, const ledger_sink::folded& f) {
    if (keys::key_slot* slot = directory.by_id(id)) slot->state = f.state;
  });
}

outcome<std::unique_ptr<embedded_store>> embedded_store::open(embedded_settings settings,
                                                              keys::key_directory& directory,
                                                              policies::instant now) {
  std::unique_ptr<embedded_store> made{new embedded_store};
  made->state_ = std::make_unique<state_block>(std::move(settings), directory);
  state_block& s = *made->state_;
  auto locked = directory_lock::take(s.settings.directory);
  if (!locked) return locked.error();
  s.lock.emplace(std::move(*locked));
  if (auto done = s.open_database(); !done) return done.error();
  if (auto done = s.open_journal(now); !done) return done.error();
  s.restore_limits();
  return made;
}

journal::keeper& embedded_store::journal() { return *state_->keeper; }
void embedded_store::start() { state_->keeper->start(*state_->ledger); }
const journal::recovery_report& embedded_store::recovered() const { return state_->recovered; }

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
  op.left = least_left(chain, op.now);
  return true;
}

bool embedded_store::extend(reserve_op& op) {
  const std::lock_guard guard(op.key->root->lock);
  const members chain{*op.key};
  const auto refused = policies::limits::extend(chain.view(), op.hold, op.ask, op.now);
  if (refused) op.refusal = *refused;
  op.result = refused ? reserve_op::status::refused : reserve_op::status::held;
  op.left = least_left(chain, op.now);
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

outcome<void> embedded_store::insert(const key_record& record, const audit_row& why) {
  const std::lock_guard guard(state_->rows_lock);
  if (state_->directory.by_id(record.id))
    return failure{errc::already_exists, "a key with this id exists"};
  std::size_t depth = 1;
  if (record.parent) {
    const keys::key_slot* parent = state_->directory.by_id(*record.parent);
    if (!parent) return failure{errc::not_found, "the parent key does not exist"};
    for (; parent; parent = parent->parent) ++depth;
  }
  if (depth > keys::chain_max)
    return failure{errc::conflict,
                   "a chain of keys has at most " + std::to_string(keys::chain_max) + " members"};
  if (auto written = state_->rows->insert(record, why); !written) return written;
  state_->directory.publish(record);
  return {};
}

outcome<void> embedded_store::update(const key_record& record, const audit_row& why) {
  const std::lock_guard guard(state_->rows_lock);
  const auto stored = state_->directory.copy_of(record.id);
  if (!stored || stored->status == key_status::deleted)
    return failure{errc::not_found, "no such key"};
  if (stored->parent != record.parent)
    return failure{errc::conflict, "a key's parent cannot be changed"};
  if (auto written = state_->rows->update(record, why); !written) return written;
  state_->directory.publish(record);
  return {};
}

std::vector<key_record> embedded_store::list() const {
  std::vector<key_record> all;
  state_->directory.for_each([&](keys::key_slot& slot) {
    if (const key_record* record = slot.record.load(); record->status != key_status::deleted)
      all.push_back(*record);
  });
  std::ranges::sort(all, [](const key_record& a, const key_record& b) {
    return std::tie(a.created, a.id) < std::tie(b.created, b.id);
  });
  return all;
}

std::optional<key_record> embedded_store::get(key_id id) const {
  const auto record = state_->directory.copy_of(id);
  if (!record || record->status == key_status::deleted) return std::nullopt;
  return *record;
}

std::vector<usage_row> embedded_store::usage(std::optional<key_id> key, usage_range range) const {
  const std::lock_guard guard(state_->rows_lock);
  return state_->rows->usage(key, range);
}

policies::limits::limit_state embedded_store::state(key_id id, policies::instant) const {
  keys::key_slot* slot = state_->directory.by_id(id);
  if (!slot) return {};
  const std::lock_guard guard(slot->root->lock);
  return slot->state;
}

std::optional<policies::instant> embedded_store::last_used(key_id id) const {
  const auto folded = state_->ledger->of(id);
  if (!folded || folded->last_used_ms == 0) return std::nullopt;
  return policies::instant{policies::milliseconds{folded->last_used_ms}};
}

std::vector<journal::entry> embedded_store::recent_errors(key_id id, std::int64_t from_ms,
                                                          std::size_t count_max) const {
  std::vector<journal::entry> found;
  const journal::keeper::scan_range all{from_ms, INT64_MAX, true};
  state_->keeper->scan(all, [&](const journal::entry& e) {
    const bool bad = e.kind == journal::entry_kind::tally ||
                     (e.kind == journal::entry_kind::outcome &&
                      (e.status >= 400 || (e.end != journal::ending::complete &&
                                           e.end != journal::ending::client_gone)));
    if (e.key == id.value && bad) found.push_back(e);
    return found.size() < count_max;
  });
  return found;
}

std::vector<audit_row> embedded_store::audit(std::size_t count_max) const {
  const std::lock_guard guard(state_->rows_lock);
  return state_->rows->audit(count_max);
}

void embedded_store::rows(std::int64_t from_ms, std::int64_t until_ms,
                          const std::function<bool(const journal::entry&)>& visit) const {
  state_->keeper->scan({from_ms, until_ms, false}, visit);
}

} // namespace proxy::stores
