// Plays a data thread's sessions: reserve, journal the intent, journal the outcome, settle, in the
// order in which the proxy does it.
#pragma once

#include <optional>

#include "tests/contract/world.hpp"

namespace contract {

namespace limits = policies::limits;
namespace stores = proxy::stores;
namespace journal = proxy::journal;
using policies::instant;
using policies::key_id;
using policies::milliseconds;
using policies::nano_usd;
using policies::tokens;
using policies::keys::key_record;
using status = stores::reserve_op::status;

// A Wednesday noon, far from the ends of day and month.
inline constexpr instant noon{std::chrono::sys_days{std::chrono::year{2026} / 4 / 15} +
                              std::chrono::hours{12}};

struct request {
  proxy::keys::key_slot* key = nullptr;
  policies::request_id id;
  limits::hold hold;
  instant started{};
};

struct finished {
  limits::actuals used{};
  journal::ending end = journal::ending::complete;
  std::uint16_t status = 200;
};

inline limits::ask asking(std::int64_t bound_tokens, std::int64_t nano = 0) {
  limits::ask wanted;
  wanted.held_tokens = tokens{bound_tokens};
  wanted.money_want = wanted.money_min = nano_usd{nano};
  return wanted;
}

inline finished used(std::int64_t spent_tokens, std::int64_t nano = 0) {
  return {.used = {tokens{spent_tokens}, nano_usd{nano}}};
}

// One thread's. Not to be shared.
class client {
 public:
  explicit client(world& in);

  // nullopt: refused, and refusal() tells why.
  std::optional<request> reserve(key_id key, const limits::ask& wanted, instant now);
  bool extend(request& r, const limits::ask& wanted, instant now);
  const limits::limit_refusal& refusal() const { return op_.refusal; }
  const limits::remaining& left() const { return op_.left; }

  void dispatch(const request& r, instant now); // the intent
  void settle(const request& r, const finished& how, instant now);
  void cancel(const request& r, instant now); // never dispatched

  // From reserve to settle in one instant; false: refused.
  bool use(key_id key, const limits::ask& wanted, const finished& how, instant now);
  void refuse(key_id key, std::uint16_t code_status, std::uint32_t count, instant now); // a tally

  void record(const journal::entry& e) { append(e); } // as it is, whatever was reserved

  journal::lane& lane() { return lane_; }

 private:
  journal::entry entry_of(const request& r, instant now) const;
  void append(const journal::entry& e);

  world& in_;
  journal::lane& lane_;
  proxy::keys::epochs::participant& turn_;
  stores::reserve_op op_;
};

// Key number `n` with its limits, as the owner would make it.
key_record key(std::uint64_t n, const limits::limit_set& allowed = {},
               std::optional<std::uint64_t> parent = {});
key_id make_key(world& in, const key_record& record);
void change_limits(world& in, key_id id, const limits::limit_set& allowed);

inline stores::audit_row because(const char* action) {
  return {0, "admin", action, "", "{}"};
}

// What was held and spent, with nothing in flight.
limits::limit_state idle_state(world& in, key_id id, instant now);
stores::usage_sums usage_of(world& in, std::optional<key_id> id); // of all time
void apply_all(world& in);

} // namespace contract
