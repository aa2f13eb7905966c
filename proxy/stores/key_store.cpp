// What a store does that has no better way.
#include "proxy/stores/key_store.hpp"

#include <map>

#include "proxy/stores/roll_up.hpp"

namespace proxy::stores {

std::vector<audit_row> key_store::audit_of(std::string_view subject, std::int64_t from_ms,
                                           std::size_t count_max) const {
  constexpr std::size_t looked_at_max = 100'000;
  std::vector<audit_row> found;
  for (audit_row& row : audit(looked_at_max)) {
    if (row.time_ms < from_ms || found.size() == count_max)
      break;
    if (row.subject == subject)
      found.push_back(std::move(row));
  }
  return found;
}

usage_sums key_store::total(std::optional<policies::key_id> key, usage_range range) const {
  usage_sums sum;
  for (const usage_row& row : usage(key, range))
    sum += row.sums;
  return sum;
}

std::vector<key_store::key_total> key_store::totals(std::span<const policies::key_id> keys,
                                                    usage_range range) const {
  std::vector<key_total> all;
  for (const policies::key_id key : keys)
    if (const usage_sums sums = total(key, range); sums.requests > 0)
      all.push_back({key, sums});
  return all;
}

std::vector<key_store::key_minute> key_store::elsewhere(std::int64_t) const {
  return {};
}

std::vector<minute_row> key_store::minutes(std::optional<policies::key_id> key,
                                           minute_range range) const {
  std::map<std::int64_t, minute_row> found;
  rows(range.from * ms_per_minute, range.until * ms_per_minute, [&](const journal::entry& e) {
    if (const auto added = minute_of(e); added && (!key || key->value == e.key))
      found[added->minute] += *added;
    return true;
  });
  std::vector<minute_row> all;
  for (auto& [minute, row] : found) {
    row.minute = minute;
    all.push_back(row);
  }
  return all;
}

} // namespace proxy::stores
