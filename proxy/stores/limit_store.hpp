// Where limits are held: in process memory (embedded) or in Redis. One interface, one contract
// suite. An operation may finish at once (embedded) or later; a session awaits it either way.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <optional>
#include <variant>

#include "policies/limits/reserve.hpp"
#include "proxy/keys/key_slot.hpp"

namespace proxy::io {
class reactor;
}

namespace proxy::stores {

struct reserve_op {
  keys::key_slot* key = nullptr;
  policies::request_id id;
  policies::limits::ask ask;
  policies::instant now{};

  enum class status : std::uint8_t { pending, held, refused, unavailable } result{};
  policies::limits::hold hold{}; // in for extend, out for both
  policies::limits::limit_refusal refusal{};
  policies::limits::remaining left{}; // of the member with the least left, for headers
  std::coroutine_handle<> waiter;     // resumed where the operation did not finish at once
  // Out: false from when the store may have lost the hold; nullptr: it cannot.
  const std::atomic<bool>* stands = nullptr;
};

class limit_store {
 public:
  virtual ~limit_store() = default;
  // Called once on each data thread before its loop runs: a store that answers later does so on it.
  virtual void join(io::reactor&) {}
  // true: finished, op is filled in. false: op.waiter is resumed on the calling thread's loop.
  virtual bool reserve(reserve_op& op) = 0;
  virtual bool extend(reserve_op& op) = 0; // op.hold: the provisional hold
  // Never fail towards the caller: the journal is what makes them last.
  virtual void settle(keys::key_slot& key, const policies::request_id& id,
                      const policies::limits::hold& held, const policies::limits::actuals& used,
                      policies::instant now) = 0;
  virtual void cancel(keys::key_slot& key, const policies::request_id& id,
                      const policies::limits::hold& held, policies::instant now) = 0;
};

// co_await reserving{store, op} after naming `op` on the line before.
struct reserving {
  limit_store& store;
  reserve_op& op;
  bool await_ready() { return store.reserve(op); }
  void await_suspend(std::coroutine_handle<> waiter) { op.waiter = waiter; }
  void await_resume() const {}
};
struct extending {
  limit_store& store;
  reserve_op& op;
  bool await_ready() { return store.extend(op); }
  void await_suspend(std::coroutine_handle<> waiter) { op.waiter = waiter; }
  void await_resume() const {}
};

} // namespace proxy::stores
