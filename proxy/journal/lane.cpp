// The hot path of the journal.
#include "proxy/journal/lane.hpp"

#include <stdexcept>

#include "proxy/journal/lane_state.hpp"

namespace proxy::journal {

lane::lane(keeper& owner, std::uint64_t id)
    : owner_(owner), id_(id), state_(std::make_unique<state>()) {}
lane::~lane() = default;

bool lane::room_for_intent() const {
  const state& my = *state_;
  const std::uint64_t needed = my.open.load(std::memory_order_relaxed) + 2;
  if (my.slots_left >= needed)
    return true;
  const segment* next = my.spare.load(std::memory_order_acquire);
  return next != nullptr && my.slots_left + next->info.capacity >= needed;
}

void lane::append(entry e) {
  state& my = *state_;
  if (my.slots_left == 0) {
    const segment* next = my.spare.exchange(nullptr, std::memory_order_acq_rel);
    if (next == nullptr)
      throw std::logic_error("journal: an entry was appended without asking for room");
    my.use(*next);
  }
  const std::uint64_t open = my.open.load(std::memory_order_relaxed);
  if (e.kind == entry_kind::intent)
    my.open.store(open + 1, std::memory_order_relaxed);
  if (e.kind == entry_kind::outcome && e.end != ending::kept && open > 0)
    my.open.store(open - 1, std::memory_order_relaxed);
  e.sequence = my.next_sequence++;
  e.crc = checksum_of(e);
  segment::store(my.next_slot, e);
  my.next_slot += sizeof(entry);
  --my.slots_left;
  published_.store(e.sequence, std::memory_order_release);
}

} // namespace proxy::journal
