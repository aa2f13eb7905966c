// Writing the counts down: one entry a subject, then zero. Zeroed subjects stay, so that a steady
// flood allocates nothing.
#include "proxy/session/tallies.hpp"

namespace proxy::session {

void tallies::flush(journal::lane& lane, std::int64_t now_ms) {
  constexpr std::size_t subjects_kept_max = 4096;
  bool all_written = true;
  for (auto& [who, count] : counts_) {
    if (count == 0)
      continue;
    if (!lane.room_for_intent()) {
      all_written = false;
      break;
    }
    journal::entry e;
    e.kind = journal::entry_kind::tally;
    e.time_ms = now_ms;
    e.started_ms = now_ms;
    e.key = who.key;
    e.refusal = who.code;
    e.status = static_cast<std::uint16_t>(
        policies::admission::status_of(static_cast<policies::admission::refusal_code>(who.code)));
    e.count = count;
    lane.append(e);
    count = 0;
  }
  if (all_written && counts_.size() > subjects_kept_max)
    counts_.clear();
}

} // namespace proxy::session
