// Reserve, settle, cancel on a chain of keys (a key and its parents), all or nothing. This is the
// reference for every store: the embedded one runs it, the Redis scripts are tested against it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <variant>

#include "policies/limits/limit_set.hpp"
#include "policies/limits/limit_state.hpp"

namespace policies::limits {

// One link of the chain: [0] is the key itself, the last one the root.
struct member {
  const limit_set* limits;
  limit_state* state;
};

// What a request wants to hold.
struct ask {
  std::int64_t requests = 1;
  std::int64_t slots = 1;
  tokens held_tokens{};  // strict: the true bound; adaptive: the expected size
  tokens risk_tokens{};  // adaptive: true bound - held_tokens; strict: 0
  nano_usd money_want{}; // the true bound
  nano_usd money_min{};  // below this the request is not worth admitting; <= money_want
  // Requests stay `held` until extend() or settle(): for a body that is still to arrive.
  bool provisional = false;
};

// What was granted; the caller keeps it until settle or cancel. The same amounts on every member.
struct hold {
  std::int64_t requests_held = 0; // provisional only
  std::int64_t slots = 0;
  tokens held_tokens{};
  tokens risk_tokens{};
  nano_usd money{};
  std::int64_t month_id = 0; // the windows it was made in
  std::int64_t day_id = 0;
  // Where a store lends to its nodes in advance, of which lease of this node's it is a part: its
  // tokens and money, and its request and slot. 0: it is held by itself.
  std::uint32_t lease = 0;
  std::uint32_t slot_lease = 0;
  bool operator==(const hold&) const = default;
};

enum class limit_kind : std::uint8_t {
  requests_per_minute,
  tokens_per_minute,
  concurrent_requests,
  monthly_spending_limit,
  daily_spending_limit,
  total_spending_limit,
};

// A refusal is a value: which limit of which member, its figures, and when to come back. Of several
// limits that fail it tells the most useful: one that never fits, else money that is spent, else
// the longest wait. `retry_after` covers all of them: the request is admitted at that very
// millisecond if nothing else happens. A meter more than an hour deep says an hour, for no more is
// drained at once; come back then and the hour counts.
struct limit_refusal {
  limit_kind kind{};
  std::size_t member = 0;     // index into the chain
  std::int64_t limit = 0;     // nano-dollars, slots, or a meter's capacity; of tokens that adaptive
                              // requests may come to owe, ten minutes' worth
  std::int64_t used = 0;      // settled and held, same unit
  std::int64_t wanted = 0;    // what this request asked for, same unit
  bool held_only = false;     // would fit but for holds of requests in flight: retry soon
  bool never_fits = false;    // more than the whole limit: waiting will not help
  milliseconds retry_after{}; // 0: none can be told, it hangs on requests in flight or on the owner
  bool operator==(const limit_refusal&) const = default;
};

using reserve_result = std::variant<hold, limit_refusal>;

// Admits iff on every member: level + held + asked <= capacity (requests, tokens, slots), possible
// adaptive debt <= 10 minutes of the token limit, and money: the hold is min(money_want, what is
// unheld on every member) and at least money_min. Where a limit is 0, or lowered below what is
// used, nothing passes, not even what asks for none of it. Takes nothing on refusal; only time that
// the clamp to an hour would otherwise lose is written down then.
reserve_result reserve(std::span<const member> chain, const ask& wanted, instant now);

// The second step of a provisional hold: adds tokens and money as reserve() would, and turns held
// requests into used ones; `wanted`'s requests and slots are not looked at. Money moves to the
// windows of now. On refusal nothing has changed and the hold stays as it was.
std::optional<limit_refusal> extend(std::span<const member> chain, hold& held, const ask& wanted,
                                    instant now);

// What a request truly used.
struct actuals {
  tokens used_tokens{};
  nano_usd cost{};
};

// Takes the hold out and puts the true figures in, in the windows the hold was made in. Tokens may
// pass the capacity: that is debt, which refill repays first. Provisional requests become used.
void settle(std::span<const member> chain, const hold& held, const actuals& used, instant now);

// A late true outcome of a request that was charged `charged` when its hold had grown too old:
// money moves to the true figure, up or down, in the windows of the hold. Tokens only move up: a
// charge that has drained since would be granted twice if it was given back.
void correct(std::span<const member> chain, const hold& held, const actuals& charged,
             const actuals& truth, instant now);

// What a hold stands for at the most: charged where the outcome is unknown.
actuals bound_of(const hold& held);

// Gives everything back: the request was never dispatched. A provisional request never counted;
// another stays counted, for it has begun to drain, and a drained unit given back is granted twice.
void cancel(std::span<const member> chain, const hold& held, instant now);

// Rebuilds state from the ledger: what one dispatched request adds once its outcome is known. Fold
// admissions and outcomes in order of time: one that comes late counts as if it was made now, which
// errs on the safe side.
struct ledger_row {
  instant started{}; // when the hold was made: decides the windows
  instant ended{};
  actuals used;
};
void fold_admission(limit_state& state, const limit_set& limits, instant at);
void fold_outcome(limit_state& state, const limit_set& limits, const ledger_row& row);

// Figures for headers and `keys get`: how much is left of one member at `now`. nullopt: unlimited.
struct remaining {
  std::optional<std::int64_t> requests;
  milliseconds requests_reset{}; // until the bucket is full again
  std::optional<std::int64_t> tokens_left;
  milliseconds tokens_reset{};
  std::optional<nano_usd> money_limit; // of the money limit with the least left
  std::optional<nano_usd> money_left;
};
remaining remaining_of(const limit_set& limits, const limit_state& state, instant now);

// Capacity of the buckets; nullopt: unlimited.
std::optional<std::int64_t> request_capacity(const limit_set& limits);
std::optional<std::int64_t> token_capacity(const limit_set& limits);

// Calendar windows, UTC.
std::int64_t month_of(instant now);
std::int64_t day_of(instant now);

} // namespace policies::limits
