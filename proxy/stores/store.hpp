// What a process needs of its store, whichever kind it is: limits, keys, and the journal in front
// of both.
#pragma once

#include "proxy/journal/keeper.hpp"
#include "proxy/stores/key_store.hpp"
#include "proxy/stores/limit_store.hpp"

namespace proxy::stores {

class store : public limit_store, public key_store {
 public:
  virtual journal::keeper& journal() = 0;
  virtual void start() = 0; // the applier; after opening
  virtual const journal::recovery_report& recovered() const = 0;
};

} // namespace proxy::stores
