// Keys at rest, their usage and what happened to them: what the admin plane reads and writes.
// Blocking; never called from a data thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policies/analytics/spread.hpp"
#include "policies/keys/key_record.hpp"
#include "policies/limits/reserve.hpp"
#include "proxy/error.hpp"
#include "proxy/journal/entry.hpp"

namespace proxy::stores {

// Sums over dispatched requests and refusals. A roll-up row is this for (key, model, feature,
// hour).
struct usage_sums {
  std::int64_t requests = 0;    // all that authenticated: dispatched + refused
  std::int64_t dispatched = 0;  // went upstream
  std::int64_t refused = 0;     // by this proxy
  std::int64_t interrupted = 0; // by a crash of ours
  std::int64_t errors = 0;      // refusals of ours other than 429/quota, plus answers >= 400, cuts
  std::int64_t limited = 0;     // 429s of ours
  std::int64_t cached_tokens = 0;
  std::int64_t prompt_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t reasoning_tokens = 0;
  std::int64_t cost_nano = 0;
  std::int64_t first_byte_ms_sum = 0;
  std::int64_t total_ms_sum = 0;
  usage_sums& operator+=(const usage_sums& other);

  // One by one, as they are stored.
  static constexpr std::size_t count = 13;
  static const std::array<std::int64_t usage_sums::*, count> fields;
  static const std::array<const char*, count> names;
};

inline constexpr std::array<std::int64_t usage_sums::*, usage_sums::count> usage_sums::fields{
    &usage_sums::requests,         &usage_sums::dispatched,    &usage_sums::refused,
    &usage_sums::interrupted,      &usage_sums::errors,        &usage_sums::limited,
    &usage_sums::cached_tokens,    &usage_sums::prompt_tokens, &usage_sums::output_tokens,
    &usage_sums::reasoning_tokens, &usage_sums::cost_nano,     &usage_sums::first_byte_ms_sum,
    &usage_sums::total_ms_sum};
inline constexpr std::array<const char*, usage_sums::count> usage_sums::names{
    "requests",  "dispatched",        "refused",       "interrupted",   "errors",
    "limited",   "cached_tokens",     "prompt_tokens", "output_tokens", "reasoning_tokens",
    "cost_nano", "first_byte_ms_sum", "total_ms_sum"};

struct usage_row {
  std::int64_t hour = 0; // hours since 1970, UTC
  std::string model;
  std::uint8_t feature = 0;
  usage_sums sums;
};

// Latencies, statuses, endings and refusals of the same key, hour, model and feature.
struct spread_row {
  std::int64_t hour = 0;
  std::string model;
  std::uint8_t feature = 0;
  policies::analytics::spread spread;
};

struct usage_range {
  std::int64_t from_hour = 0;  // inclusive
  std::int64_t until_hour = 0; // exclusive
};

struct audit_row {
  std::int64_t time_ms = 0;
  std::string actor;   // "admin", or the id of a delegating key
  std::string action;  // "key.create", ...
  std::string subject; // a key id
  std::string detail;  // JSON: what changed; no secret
};

// One minute of one key, or of the account: what its busiest one asks of the limits.
struct minute_row {
  std::int64_t minute = 0; // minutes since 1970, UTC
  std::int64_t requests = 0;
  std::int64_t tokens = 0;
  std::int64_t errors = 0;
  std::int64_t cost_nano = 0;
  minute_row& operator+=(const minute_row& other);
};

struct minute_range {
  std::int64_t from = 0;  // inclusive
  std::int64_t until = 0; // exclusive
};
inline constexpr std::int64_t minutes_kept = 31 * 24 * 60;

class key_store {
 public:
  virtual ~key_store() = default;

  // Writes, then publishes to the key directory; enforced when this returns.
  virtual outcome<void> insert(const policies::keys::key_record& record, const audit_row& why) = 0;
  // `record.version` must be the stored version + 1, else errc::conflict.
  virtual outcome<void> update(const policies::keys::key_record& record, const audit_row& why) = 0;

  virtual std::vector<policies::keys::key_record> list() const = 0; // deleted ones left out
  virtual std::optional<policies::keys::key_record> get(policies::key_id id) const = 0;

  // At most 1 s behind; hours are whole. `key` absent: the account.
  virtual std::vector<usage_row> usage(std::optional<policies::key_id> key,
                                       usage_range range) const = 0;
  // In the order of usage()'s rows; an hour from before spreads were kept has none.
  virtual std::vector<spread_row> spreads(std::optional<policies::key_id> key,
                                          usage_range range) const = 0;
  // Sums of those of the keys that were used in the range: what a page over all keys asks at once.
  // The default adds up usage().
  struct key_total {
    policies::key_id key;
    usage_sums sums;
  };
  virtual std::vector<key_total> totals(std::span<const policies::key_id> keys,
                                        usage_range range) const;
  // Of one key, or of the account.
  virtual usage_sums total(std::optional<policies::key_id> key, usage_range range) const;
  // Minutes with anything in them, oldest first, of the last `minutes_kept`. The default adds them
  // up from rows().
  virtual std::vector<minute_row> minutes(std::optional<policies::key_id> key,
                                          minute_range range) const;
  // What other proxies did, by key, since `from_ms`: the last minute, at most a second behind. A
  // key may come more than once. The default: there are none.
  struct key_minute {
    policies::key_id key;
    minute_row row;
  };
  virtual std::vector<key_minute> elsewhere(std::int64_t from_ms) const;
  // The live meters, at `now`.
  virtual policies::limits::limit_state state(policies::key_id id, policies::instant now) const = 0;
  virtual std::optional<policies::instant> last_used(policies::key_id id) const = 0;

  // Newest first, of a key or of all, whichever proxy it was: outcomes with status >= 400 or a bad
  // ending, and refusals (tallies).
  virtual std::vector<journal::entry> recent_errors(std::optional<policies::key_id> id,
                                                    std::int64_t from_ms,
                                                    std::size_t count_max) const = 0;
  virtual std::vector<audit_row> audit(std::size_t count_max) const = 0;
  // Of one subject since then, newest first. The default picks them out of audit().
  virtual std::vector<audit_row> audit_of(std::string_view subject, std::int64_t from_ms,
                                          std::size_t count_max) const;

  // This proxy's rows of the ledger for export and tests, oldest first; false from `visit` stops.
  virtual void rows(std::int64_t from_ms, std::int64_t until_ms,
                    const std::function<bool(const journal::entry&)>& visit) const = 0;
};

} // namespace proxy::stores
