// One look after the other.
#include "proxy/alerts/watcher.hpp"

#include <spdlog/spdlog.h>

namespace proxy::alerts {

namespace insight = policies::insight;
using insight::rule;
using insight::sight;
using policies::instant;
using policies::key_id;
using namespace std::chrono_literals;

watcher::watcher(watcher_world world)
    : world_(std::move(world)), keys_(world_.store, world_.settings.keys_watched_max),
      places_(world_.store, world_.shared_store) {}

outcome<void> watcher::open() {
  refusals_seen_ = world_.figures().upstream_refusals;
  if (auto done = places_.load(); !done)
    return done;
  if (auto done = world_.of_keys.load(); !done)
    return done;
  return world_.to.open(world_.now());
}

void watcher::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void watcher::stop() {
  thread_ = {};
}

void watcher::run(const std::stop_token& stop) {
  for (bool last = false; !last;) {
    last = stop.stop_requested(); // then, too, what was told is looked at
    try {
      look(world_.now());
    } catch (const std::exception& error) {
      spdlog::error("alerts: a look at the usage failed: {}", error.what());
    }
    std::unique_lock guard(lock_);
    wake_.wait_for(guard, stop, 500ms, [] { return false; });
  }
}

void watcher::look(instant now) {
  if (world_.shared_store && !world_.to.catch_up())
    return; // what the store does not say is no reason to begin or end anything
  take_news(now);
  settle_troubles(now);
  judge_keys(now);
  judge_upstream(now);
  judge_proxy(now);
  places_.save(100);
  if (now >= next_open_) { // a key whose owner set it right need not be used to be seen
    next_open_ = now + 5s;
    for (const insight::alert& each : world_.to.open_alerts())
      if (each.key)
        want(each.key.value);
  }
  if (now >= next_minute_) {
    next_minute_ = now + 1min;
    judge_lives(now);
    world_.to.end_notices(now);
    if (world_.shared_store) { // another proxy may have changed them
      (void)world_.of_keys.load();
      (void)places_.load();
    }
    if (world_.each_minute)
      world_.each_minute(now);
  }
  watched_.store(keys_.size(), std::memory_order_relaxed);
}

void watcher::want(std::uint64_t key) {
  for (const keys::key_slot* slot = world_.directory.by_id(key_id{key}); slot; slot = slot->parent)
    if (wanted_.insert(slot->id.value).second)
      waiting_.push_back(slot->id.value);
}

void watcher::take_news(instant now) {
  news all = world_.from.take();
  for (const std::uint64_t key : all.used)
    want(key);
  for (const auto& [where, more] : all.refused)
    keys_.refused(where.first, where.second, more);
  for (const auto& [model, samples] : all.latencies)
    for (const first_byte& each : samples)
      latencies_[model].add(instant{policies::milliseconds{each.time_ms}}, each.ms);
  see_places(std::move(all.sightings), now);
  for (trouble& each : all.troubles)
    troubles_.push_back(std::move(each));
}

void watcher::see_places(std::vector<session::sighting> seen, instant now) {
  for (const session::sighting& each : seen) {
    const insight::key_settings own = world_.of_keys.of(each.key);
    auto found = places_.note(each, now, insight::applied(own, world_.settings.rules));
    std::erase_if(found, [&](const auto& says) { return insight::is_muted(own, says.which); });
    for (insight::verdict& says : found)
      places_to_tell_.push_back({each.key, std::move(says)});
  }
}

// Until a twentieth of a second is gone: the rest waits its turn, and no data thread waits for us.
void watcher::judge_keys(instant now) {
  const auto until = std::chrono::steady_clock::now() + 50ms;
  while (!waiting_.empty() && std::chrono::steady_clock::now() < until) {
    const std::uint64_t key = waiting_.front();
    waiting_.pop_front();
    wanted_.erase(key);
    if (!judge_key(key, now)) {
      want(key);
      return; // the store is away
    }
  }
}

bool watcher::judge_key(std::uint64_t key, instant now) {
  const auto record = world_.directory.copy_of(key_id{key});
  if (!record)
    return true;
  const insight::key_settings own = world_.of_keys.of(record->id);
  return tell(record->id, own,
              keys_.judge(*record, now, insight::applied(own, world_.settings.rules)), now);
}

bool watcher::tell(key_id key, const insight::key_settings& own, const insight::verdicts& found,
                   instant now) {
  for (insight::verdict each : found) {
    if (insight::is_muted(own, each.which)) {
      each.seen = sight::absent;
      each.message = "the key's settings mute it";
    }
    if (!world_.to.judge(key, each, now))
      return false;
  }
  return true;
}

void watcher::judge_upstream(instant now) {
  for (auto& [model, watch] : latencies_) {
    insight::verdict says =
        watch.judge(now, world_.settings.rules, world_.to.stands({}, rule::latency, model));
    says.subject = model;
    world_.to.judge({}, says, now);
  }
}

void watcher::judge_proxy(instant now) {
  const proxy_figures seen = world_.figures();
  const auto say = [&](rule which, sight how, const std::string& message) {
    world_.to.judge({}, {which, how, message}, now);
  };
  if (seen.upstream_refusals > refusals_seen_)
    last_refusal_ = now;
  const bool refused = last_refusal_ != instant{} && now - last_refusal_ < 5min;
  say(rule::upstream_refused, refused ? sight::present : sight::absent,
      refused ? "DeepSeek refused the account's key or balance " +
                    std::to_string(seen.upstream_refusals - refusals_seen_) +
                    " times: check upstream.key and the account's balance"
              : "no request was refused for the account in five minutes");
  refusals_seen_ = seen.upstream_refusals;
  say(rule::disk_full, seen.disk_full ? sight::present : sight::absent,
      seen.disk_full ? "the journal's disk is full: requests get 503" : "there is room again");
  say(rule::store_lost_state, seen.store_lost_state ? sight::present : sight::absent,
      seen.store_lost_state
          ? "the store has forgotten what it had acknowledged: requests are refused "
            "until every proxy has told it again"
          : "the store knows again what was used");
  const std::int64_t minute =
      std::chrono::floor<std::chrono::minutes>(now).time_since_epoch().count();
  if (unknown_keys_.empty() || unknown_keys_.back().first < minute)
    unknown_keys_.emplace_back(minute, seen.unknown_keys);
  while (unknown_keys_.front().first <= minute - 5)
    unknown_keys_.pop_front();
  const auto tried = static_cast<std::int64_t>(seen.unknown_keys - unknown_keys_.front().second);
  const std::int64_t most = world_.settings.rules.unknown_keys_burst;
  say(rule::unknown_keys,
      tried >= most       ? sight::present
      : 4 * tried <= most ? sight::absent
                          : sight::unclear,
      std::to_string(tried) + " requests in five minutes came with a key that this proxy does not "
                              "know");
}

void watcher::judge_lives(instant now) {
  std::vector<key_id> all;
  world_.directory.for_each([&](keys::key_slot& slot) { all.push_back(slot.id); });
  for (const key_id id : all) {
    const auto record = world_.directory.copy_of(id);
    insight::verdicts found;
    const insight::key_settings own = world_.of_keys.of(id);
    insight::judge_life(*record, now, insight::applied(own, world_.settings.rules), found);
    if (!tell(id, own, found, now))
      return;
  }
}

void watcher::settle_troubles(instant now) {
  for (; !troubles_.empty(); troubles_.pop_front()) {
    const trouble& what = troubles_.front();
    if (!world_.to.judge(what.key, {what.which, sight::present, what.message}, now))
      return;
  }
  for (; !places_to_tell_.empty(); places_to_tell_.pop_front())
    if (!world_.to.judge(places_to_tell_.front().key, places_to_tell_.front().says, now))
      return;
}

} // namespace proxy::alerts
