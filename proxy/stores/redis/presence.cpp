// Telling and counting, again and again.
#include "proxy/stores/redis/presence.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "proxy/stores/redis/names.hpp"
#include "proxy/stores/redis/redis_state.hpp"

namespace proxy::stores {

namespace {

constexpr std::chrono::milliseconds counted_within_max{4000};
constexpr std::chrono::milliseconds between_beats{50}; // while a start waits
constexpr std::int64_t forgotten_after_ms = 24 * 60 * 60 * 1000;

} // namespace

namespace redis {

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

} // namespace redis

// Every proxy tells that it is there, and counts who else is.
outcome<void> redis_store::state_block::beat() {
  const auto time = watching->ask("TIME");
  if (!time)
    return time.error();
  const auto clock = redis::items_of(**time);
  const std::int64_t now_ms = redis::number_of(*clock[0]).value_or(0) * 1000 +
                              redis::number_of(*clock[1]).value_or(0) / 1000;
  const std::string self = redis::hex(node);
  redis::batch all;
  all.add("ZADD", redis::nodes_name, std::to_string(now_ms), self)
      .add("ZREMRANGEBYSCORE", redis::nodes_name, "-inf",
           std::to_string(now_ms - forgotten_after_ms))
      .add("ZRANGE", redis::nodes_name, "0", "-1", "WITHSCORES");
  const auto told = watching->run(all);
  if (!told)
    return told.error();
  for (const redis::reply& each : *told)
    if (redis::is_error(*each))
      return redis::refused_by_redis(*each);
  std::vector<redis::presence::seen> others;
  const auto items = redis::items_of(*told->back());
  for (std::size_t i = 0; i + 1 < items.size(); i += 2)
    others.push_back({redis::text_of(*items[i]), redis::number_of(*items[i + 1]).value_or(0)});
  const auto counted = presence.count(self, now_ms, others);
  lending.nodes = counted.there;
  presence.dividing = counted.among;
  return {};
}

// Before the first request: nobody takes this Redis for one that is not in use, and should it be
// away soon, this proxy has its part and nobody else has it, too.
void redis_store::state_block::be_counted() {
  const auto until = std::chrono::steady_clock::now() + counted_within_max;
  std::unique_lock guard(upkeep_lock);
  while (beat() && settings.divides && presence.dividing == 0 &&
         std::chrono::steady_clock::now() < until)
    upkeep_wake.wait_for(guard, between_beats);
}

// So that others divide by one less at once, and a copy of the store need not wait.
void redis_store::state_block::leave() {
  if (!away && !admin->ask("ZREM", redis::nodes_name, redis::hex(node)))
    spdlog::debug("redis: this proxy stays counted for a while");
}

} // namespace proxy::stores
