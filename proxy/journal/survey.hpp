// Reading a segment's slots in order, in pieces, telling sound entries from damaged ones.
#pragma once

#include <functional>
#include <limits>

#include "proxy/journal/segment.hpp"

namespace proxy::journal {

struct slot_range {
  std::uint64_t first = 0; // sequences, both included
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
};
// Visits every slot of the range that the file has, empty ones too, with the sequence it stands
// for.
using slot_visitor = std::function<void(const entry& slot, std::uint64_t sequence)>;
outcome<void> for_each_slot(const segment_info& info, slot_range range, const slot_visitor& visit);

// What a segment holds.
struct survey {
  std::uint64_t last = 0;  // sequence of the last slot that is not empty; 0: all are
  std::size_t damaged = 0; // slots before it that are not sound
  std::int64_t oldest_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t newest_ms = std::numeric_limits<std::int64_t>::min();

  void add(const entry& slot, std::uint64_t sequence);
  void add_time(std::int64_t time_ms);
  seal sealed(const segment_info& info, bool closes_lane) const;

 private:
  std::size_t empty_since_last_ = 0;
};

} // namespace proxy::journal
