// What a kind of store must offer to be put through the contract: it can be opened on the same data
// again and again, and then it is a key store, a limit store and a journal.
#pragma once

#include <functional>
#include <memory>

#include "proxy/journal/keeper.hpp"
#include "proxy/keys/key_directory.hpp"
#include "proxy/stores/key_store.hpp"
#include "proxy/stores/limit_store.hpp"
#include "tests/support/catch.hpp"

namespace contract {

// One process with its store. Its end is an orderly one.
class world {
 public:
  virtual ~world() = default;
  virtual proxy::keys::key_directory& directory() = 0;
  virtual proxy::stores::key_store& keys() = 0;
  virtual proxy::stores::limit_store& limits() = 0;
  virtual proxy::journal::keeper& journal() = 0;
  virtual const proxy::journal::recovery_report& recovered() const = 0;
  // Runs the calling thread's loop until the operation, which did not finish at once, has.
  virtual void finish(proxy::stores::reserve_op& op) = 0;
};

// The data that outlives a process; gone with the object.
class ground {
 public:
  virtual ~ground() = default;
  virtual std::unique_ptr<world> open(policies::instant now) = 0;
};
using make_ground = std::function<std::unique_ptr<ground>()>;

struct behaviour {
  const char* name;
  void (*check)(ground&);
};
using behaviours = std::vector<behaviour>;

behaviours single_key_behaviours();
behaviours chain_behaviours();
behaviours live_change_behaviours();
behaviours concurrent_behaviours();
behaviours restart_behaviours();
behaviours kill_behaviours();
behaviours ledger_behaviours();
behaviours key_store_behaviours();

} // namespace contract
