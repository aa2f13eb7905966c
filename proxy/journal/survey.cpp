// Reading in pieces, and summing up.
#include "proxy/journal/survey.hpp"

#include <algorithm>
#include <vector>

namespace proxy::journal {

outcome<void> for_each_slot(const segment_info& info, slot_range range, const slot_visitor& visit) {
  constexpr std::size_t slots_a_read = 2048;
  std::vector<entry> buffer(std::min(slots_a_read, std::max<std::size_t>(info.slots(), 1)));
  std::uint64_t sequence = std::max(range.first, info.first);
  while (sequence <= range.last) {
    const auto got = read_slots(info, sequence - info.first, buffer);
    if (!got)
      return got.error();
    if (*got == 0)
      break;
    for (std::size_t i = 0; i < *got && sequence <= range.last; ++i)
      visit(buffer[i], sequence++);
  }
  return {};
}

void survey::add(const entry& slot, std::uint64_t sequence) {
  if (is_empty(slot)) {
    ++empty_since_last_;
    return;
  }
  damaged += std::exchange(empty_since_last_, 0);
  last = sequence;
  if (is_sound(slot, sequence))
    add_time(slot.time_ms);
  else
    ++damaged;
}

void survey::add_time(std::int64_t time_ms) {
  oldest_ms = std::min(oldest_ms, time_ms);
  newest_ms = std::max(newest_ms, time_ms);
}

seal survey::sealed(const segment_info& info, bool closes_lane) const {
  return {std::max(last, info.first - 1), oldest_ms, newest_ms, closes_lane};
}

} // namespace proxy::journal
