// The owner's side: keys read and changed, usage, live limits. Reading keys needs no Redis.
#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "policies/limits/passage.hpp"
#include "proxy/stores/recent_errors.hpp"
#include "proxy/stores/redis/recent.hpp"
#include "proxy/stores/redis/redis_state.hpp"
#include "proxy/stores/redis/usage_wire.hpp"

namespace proxy::stores {

using policies::key_id;
using policies::keys::key_record;
using policies::keys::key_status;

namespace {

std::optional<failure> too_long(const key_record& record, const keys::key_directory& directory) {
  std::size_t length = 1;
  for (const keys::key_slot* each = record.parent ? directory.by_id(*record.parent) : nullptr; each;
       each = each->parent)
    ++length;
  if (length <= keys::chain_max)
    return std::nullopt;
  return failure{errc::conflict, fmt::format("a chain of keys has at most {} members; this one "
                                             "would have {}",
                                             keys::chain_max, length)};
}

template <class T>
bool told(const outcome<T>& answer, const char* what) {
  if (!answer)
    spdlog::error("redis: {} cannot be read: {}", what, answer.error().message);
  return answer.has_value();
}

// The fields of a key's hash that lie in these hours, in order.
template <class Row>
std::vector<Row> rows_of(redis::blocking_client& by, std::uint64_t whose, const std::string& hash,
                         usage_range range) {
  const auto fields = by.ask("ZRANGEBYSCORE", redis::hours_name(whose),
                             std::to_string(range.from_hour), fmt::format("({}", range.until_hour));
  std::vector<Row> all;
  if (!told(fields, "usage") || redis::items_of(**fields).empty())
    return all;
  std::vector<std::string> words{"HMGET", hash};
  for (const redisReply* field : redis::items_of(**fields))
    words.emplace_back(redis::text_of(*field));
  redis::batch one;
  one.add(std::span<const std::string>{words});
  const auto values = by.single(one);
  if (!told(values, "usage"))
    return all;
  const auto items = redis::items_of(**values);
  for (std::size_t i = 0; i < items.size(); ++i)
    if (auto row = redis::row_of<Row>(words[i + 2], redis::text_of(*items[i])))
      all.push_back(std::move(*row));
  std::ranges::sort(all, redis::comes_before<Row>);
  return all;
}

} // namespace

outcome<void> redis_store::insert(const key_record& record, const audit_row& why) {
  if (auto fresh = catch_up(); !fresh) // its parent may be another proxy's
    return fresh;
  if (auto refused = too_long(record, state_->directory))
    return *refused;
  if (!record.parent) // before anybody can use it: a root without a state is one that was lost
    if (auto made = state_->make_root(record.id.value); !made)
      return made;
  if (auto written = state_->table->write(*state_->admin, record, true, why); !written)
    return written;
  state_->table->publish(record);
  return {};
}

outcome<void> redis_store::update(const key_record& record, const audit_row& why) {
  if (auto written = state_->table->write(*state_->admin, record, false, why); !written)
    return written;
  state_->table->publish(record);
  return {};
}

outcome<void> redis_store::catch_up() {
  return state_->table->catch_up(*state_->admin);
}

std::vector<key_record> redis_store::list() const {
  std::vector<key_id> ids;
  state_->directory.for_each([&](keys::key_slot& slot) { ids.push_back(slot.id); });
  std::vector<key_record> all;
  for (const key_id id : ids)
    if (const auto record = state_->directory.copy_of(id); record->status != key_status::deleted)
      all.push_back(*record);
  std::ranges::sort(all, [](const key_record& a, const key_record& b) {
    return std::tie(a.created, a.id) < std::tie(b.created, b.id);
  });
  return all;
}

std::optional<key_record> redis_store::get(key_id id) const {
  const auto record = state_->directory.copy_of(id);
  if (!record || record->status == key_status::deleted)
    return std::nullopt;
  return *record;
}

std::vector<usage_row> redis_store::usage(std::optional<key_id> key, usage_range range) const {
  const std::uint64_t whose = key ? key->value : account_key;
  return rows_of<usage_row>(*state_->admin, whose, redis::sums_name(whose), range);
}

std::vector<spread_row> redis_store::spreads(std::optional<key_id> key, usage_range range) const {
  const std::uint64_t whose = key ? key->value : account_key;
  return rows_of<spread_row>(*state_->admin, whose, redis::spreads_name(whose), range);
}

policies::limits::limit_state redis_store::state(key_id id, policies::instant now) const {
  const keys::key_slot* slot = state_->directory.by_id(id);
  if (!slot)
    return {};
  const auto record = state_->directory.copy_of(id);
  const auto packed = state_->admin->ask("GET", redis::state_name(slot->root->id.value, id.value));
  if (!told(packed, "a limit state"))
    return {};
  auto copy = redis::unpack_state(redis::text_of(**packed).substr(0, redis::state_bytes))
                  .value_or(policies::limits::limit_state{});
  const std::int64_t at_ms = std::max(copy.at_ms, now.time_since_epoch().count());
  policies::limits::advance(copy, record->limits, policies::limits::present_at(at_ms));
  return copy;
}

std::optional<policies::instant> redis_store::last_used(key_id id) const {
  const auto ms = state_->admin->ask("HGET", redis::last_use_name, redis::hex(id.value));
  const auto value = told(ms, "the last use") ? redis::number_of(**ms) : std::nullopt;
  if (!value)
    return std::nullopt;
  return policies::instant{policies::milliseconds{*value}};
}

std::vector<audit_row> redis_store::audit(std::size_t count_max) const {
  auto rows = state_->table->audit(*state_->admin, count_max);
  return told(rows, "the audit log") ? std::move(*rows) : std::vector<audit_row>{};
}

// Its own by its journal, which goes further back; others' by what they told lately.
std::vector<journal::entry> redis_store::recent_errors(std::optional<key_id> id,
                                                       std::int64_t from_ms,
                                                       std::size_t count_max) const {
  std::vector<journal::entry> found = errors_in(*state_->keeper, id, from_ms, count_max);
  const auto others =
      redis::errors_elsewhere(*state_->admin, state_->node, {id, from_ms, count_max});
  if (!told(others, "errors of other proxies"))
    return found;
  found.insert(found.end(), others->begin(), others->end());
  std::ranges::stable_sort(found, std::greater{}, &journal::entry::time_ms);
  found.resize(std::min(found.size(), count_max));
  return found;
}

std::vector<key_store::key_minute> redis_store::elsewhere(std::int64_t from_ms) const {
  auto others = redis::used_elsewhere(*state_->admin, state_->node, from_ms);
  return told(others, "what other proxies do") ? std::move(*others) : std::vector<key_minute>{};
}

void redis_store::rows(std::int64_t from_ms, std::int64_t until_ms,
                       const std::function<bool(const journal::entry&)>& visit) const {
  state_->keeper->scan({from_ms, until_ms, false}, visit);
}

} // namespace proxy::stores
