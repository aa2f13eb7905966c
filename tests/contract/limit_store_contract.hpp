// The suite that every store passes: how limits, keys and ledger behave, whatever lies underneath.
#pragma once

#include "tests/contract/world.hpp"

namespace contract {

// To be called in a TEST_CASE of its own: each behaviour is a section on fresh ground.
inline void check_store(const make_ground& make) {
  for (const auto& list : {single_key_behaviours(), chain_behaviours(), live_change_behaviours(),
                           concurrent_behaviours(), restart_behaviours(), kill_behaviours(),
                           ledger_behaviours(), key_store_behaviours()})
    for (const behaviour& each : list)
      DYNAMIC_SECTION(each.name) {
        const std::unique_ptr<ground> fresh = make();
        each.check(*fresh);
      }
}

} // namespace contract
