// Everything the simulator's threads share: knobs, clock, bill, gate, files, and how much is in
// flight. Knows no connection.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "bench/simulator/behaviour.hpp"
#include "bench/simulator/bill.hpp"
#include "bench/simulator/clock.hpp"
#include "bench/simulator/file_store.hpp"
#include "bench/simulator/gate.hpp"

namespace simulator {

class world {
 public:
  world(std::string key, bool any_key, behaviour initial)
      : key_(std::move(key)), any_key_(any_key),
        initial_(std::make_shared<const behaviour>(std::move(initial))), how_(initial_) {}

  sim_clock clock;
  bill ledger;
  gate gate_of_events;
  file_store files;
  std::atomic<std::uint64_t> lots{0}; // requests since the last reset: seeds each one's chance
  std::atomic<std::int64_t> flash_in_flight{0};
  std::atomic<std::int64_t> pro_in_flight{0};

  std::shared_ptr<const behaviour> how() const {
    const std::lock_guard lock(mutex_);
    return how_;
  }
  void set(behaviour changed) {
    auto fresh = std::make_shared<const behaviour>(std::move(changed));
    const std::lock_guard lock(mutex_);
    how_ = std::move(fresh);
  }
  // Bill, rows, files and gate as at the start; knobs and clock too unless they are to be kept.
  void reset(bool keep_config) {
    ledger.reset();
    files.clear();
    gate_of_events.open();
    lots = 0;
    if (keep_config)
      return;
    set(*initial_);
    clock.set_real();
  }
  bool accepts(std::string_view key) const { return any_key_ || key == key_; }
  std::atomic<std::int64_t>& in_flight(family model) {
    return model == family::flash ? flash_in_flight : pro_in_flight;
  }

 private:
  std::string key_;
  bool any_key_;
  mutable std::mutex mutex_;
  std::shared_ptr<const behaviour> initial_;
  std::shared_ptr<const behaviour> how_;
};

} // namespace simulator
