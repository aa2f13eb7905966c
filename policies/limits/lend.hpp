// The store's side of leases: a node is lent a part of what remains on a chain of keys, so that it
// admits by itself without asking. What is lent counts as held on every member, until it is used
// (money and tokens: when the ledger tells; requests: when the node tells) or brought back. The
// reference of the Redis scripts. Knows no network and no node.
#pragma once

#include "policies/limits/portion.hpp"

namespace policies::limits {

struct loan {
  std::int64_t sequence = 0; // of the last step: one that is told twice counts once
  portion amount;            // not used and not brought back
  portion granted;           // by the last step
  std::int64_t month_id = 0; // the windows its money is held in
  std::int64_t day_id = 0;
  bool operator==(const loan&) const = default;
};

// What a node tells and asks in one go.
struct loan_step {
  std::int64_t sequence = 0;      // the last one's + 1
  std::int64_t requests_used = 0; // since the last step
  portion returned;
  portion wanted; // nothing: only tells
  portion least;  // lent less than this, the node could not admit what it has at hand
  // However much remains, one step is lent no more of it than 1/parts: nodes x 20 is 5 % of it,
  // divided among the nodes.
  std::int64_t parts = 20;
};

// All or nothing as reserve() is, but of what is wanted only as much as `parts` allows; nothing
// where that is below `least` anywhere, or where any limit of any member stands against it: little
// remains, and single requests are better asked for one by one. Steps other than the next one are
// not taken: of the last one the answer is repeated. Returns what was granted.
portion lend(std::span<const member> chain, loan& to, const loan_step& step, instant now);

// A request that was admitted from the loan has ended: charged to the windows it was made in, and
// no longer lent.
void settle_lent(std::span<const member> chain, loan& from, const actuals& used,
                 const hold& windows, instant now);

// The node is gone: all that it may have used becomes a charge; `gone` stays as a tombstone, whose
// amounts are what was charged.
void expire(std::span<const member> chain, loan& gone, instant now);
// A late truth: money that was charged with the loan is not charged twice.
void settle_expired(std::span<const member> chain, loan& gone, const actuals& used,
                    const hold& windows, instant now);
// The node is back, and the ledger has told all it knew: money that was charged and not used is
// given back. Tokens are not, as in correct().
void forgive(std::span<const member> chain, loan& gone, instant now);

// The node has ended, and the ledger has told all it knew: what is left is brought back. Requests
// count as used, for the node may have admitted them and not told yet.
void end_loan(std::span<const member> chain, loan& ended, instant now);

} // namespace policies::limits
