// Counting, again and again; restorer.cpp does the telling.
#include "proxy/stores/redis/presence.hpp"

#include "proxy/stores/redis/names.hpp"

namespace proxy::stores::redis {

// Who told after `known_ms_` had looked after this one had told for the first time: each reads
// the clock, tells, and then looks.
presence::counted presence::count(std::string_view self, std::int64_t now_ms,
                                  std::span<const seen> all) {
  const bool forgotten = now_ms - last_ms_ >= node_memory_max.count(); // by others; or it is new
  known_ms_ = forgotten ? 0 : known_ms_ == 0 ? now_ms : known_ms_;
  last_ms_ = now_ms;
  counted made;
  bool known = known_ms_ != 0;
  std::int64_t remembered = 1;
  for (const seen& each : all) {
    if (each.node == self)
      continue;
    const bool there = now_ms - each.told_ms <= node_silence_max.count();
    made.there += there;
    remembered += now_ms - each.told_ms <= node_memory_max.count();
    known = known && (!there || each.told_ms > known_ms_);
  }
  made.among = known ? remembered : 0;
  return made;
}

} // namespace proxy::stores::redis
