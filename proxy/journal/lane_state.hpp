// What a lane's thread and the keeper's background thread share about it.
#pragma once

#include "proxy/journal/lane.hpp"
#include "proxy/journal/segment.hpp"

namespace proxy::journal {

struct lane::state {
  // The owning thread's: where the next entry goes.
  std::byte* next_slot = nullptr;
  std::size_t slots_left = 0;
  std::uint64_t next_sequence = 1;

  // Intents without outcome: written by the owning thread only.
  std::atomic<std::uint64_t> open{0};
  // The next segment: set by the background thread when null, taken by the owning thread.
  std::atomic<segment*> spare{nullptr};

  void use(const segment& next) {
    next_slot = next.slot(0);
    slots_left = next.info.capacity;
  }
};

} // namespace proxy::journal
