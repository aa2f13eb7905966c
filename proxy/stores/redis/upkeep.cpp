// What goes on beside the requests: other proxies' changes of keys, holds that grew too old, and
// whether Redis is still the one it was.
#include <algorithm>

#include <spdlog/spdlog.h>

#include "proxy/stores/redis/restorer.hpp"

namespace proxy::stores {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds look_every{250};
constexpr std::chrono::seconds sweep_every{60};
constexpr std::int64_t memory_ms_max = 24 * 60 * 60 * 1000; // of requests that have ended
constexpr std::size_t roots_a_call = 500;
constexpr milliseconds look_soon{20}; // while others are waited for
constexpr milliseconds counted_within_max{4000};

bool may_expire(const redis::stored_request& r) {
  return r.phase == 'o' || r.phase == 'l';
}

} // namespace

outcome<void> redis_store::state_block::for_each_request(redis::blocking_client& by,
                                                         const some_roots& of,
                                                         const visit_request& visit) {
  std::vector<std::uint64_t> roots;
  directory.for_each([&](keys::key_slot& slot) {
    if (slot.root == &slot && of(slot.id.value))
      roots.push_back(slot.id.value);
  });
  for (std::size_t begin = 0; begin < roots.size(); begin += roots_a_call) {
    redis::batch some;
    for (std::size_t i = begin; i < std::min(roots.size(), begin + roots_a_call); ++i)
      some.add("HGETALL", redis::holds_name(roots[i]));
    const auto replies = by.run(some);
    if (!replies)
      return replies.error();
    for (std::size_t r = 0; r < replies->size(); ++r) {
      const redisReply& holds = *(*replies)[r];
      if (redis::is_error(holds))
        return redis::refused_by_redis(holds);
      const auto items = redis::items_of(holds);
      for (std::size_t i = 0; i + 1 < items.size(); i += 2)
        if (const auto request = redis::unpack_request(redis::text_of(*items[i + 1])))
          if (auto done = visit({roots[begin + r], redis::text_of(*items[i]), *request}); !done)
            return done;
    }
  }
  return {};
}

outcome<std::int64_t>
redis_store::state_block::on_request(redis::blocking_client& by, redis::script which,
                                     const found_request& request,
                                     std::initializer_list<std::int64_t> numbers) {
  // Which key an ended request was of is not remembered, and does not matter.
  const keys::key_slot* slot =
      directory.by_id(policies::key_id{request.is.leaf != 0 ? request.is.leaf : request.root});
  if (!slot)
    return std::int64_t{0};
  redis::script_call call{which};
  call.key(redis::holds_name(request.root));
  redis::packer allowed, packed;
  for (const keys::key_slot* each = slot; each; each = each->parent) {
    call.key(redis::state_name(request.root, each->id.value));
    redis::pack(allowed, directory.copy_of(each->id)->limits);
  }
  for (const std::int64_t number : numbers)
    packed << number;
  call.argument(request.id).argument(allowed.text()).argument(packed.text());
  auto answer = by.single(redis::batch{call});
  if (!answer)
    return answer.error();
  return redis::number_of(**answer).value_or(0);
}

outcome<void>
redis_store::state_block::end_own_holds(const some_roots& of,
                                        const std::function<bool(std::string_view id)>& sent) {
  redis::blocking_client& by = *applying;
  return for_each_request(by, of, [&](const found_request& r) {
    const bool lent = r.is.phase == 'l' || r.is.phase == 'd';
    if (r.is.owner != node || !(lent || (r.is.phase == 'o' && !sent(r.id))))
      return outcome<void>{};
    const std::int64_t now_ms = settings.caller_clock ? r.is.since_ms : 0;
    const auto ended = on_request(by, redis::script::end_hold, r, {now_ms});
    return ended ? outcome<void>{} : outcome<void>{ended.error()};
  });
}

// Candidates are chosen here; their age is judged by the script.
outcome<std::size_t> redis_store::state_block::sweep(redis::blocking_client& by,
                                                     std::int64_t given_ms) {
  std::int64_t now_ms = given_ms;
  if (given_ms == 0) {
    const auto time = by.ask("TIME");
    if (!time)
      return time.error();
    now_ms = redis::number_of(*redis::items_of(**time)[0]).value_or(0) * 1000;
  }
  std::size_t charged = 0;
  const std::int64_t lifetime = settings.lifetime_max.count();
  const auto everywhere = [](std::uint64_t) { return true; };
  auto done = for_each_request(by, everywhere, [&](const found_request& r) {
    if (now_ms - r.is.since_ms <= (may_expire(r.is) ? lifetime : memory_ms_max))
      return outcome<void>{};
    const auto swept = on_request(by, redis::script::sweep, r, {given_ms, lifetime, memory_ms_max});
    if (!swept)
      return outcome<void>{swept.error()};
    charged += *swept == 1;
    return outcome<void>{};
  });
  if (!done)
    return done.error();
  return charged;
}

outcome<std::size_t> redis_store::sweep(policies::instant now) {
  const std::int64_t now_ms = state_->settings.caller_clock ? now.time_since_epoch().count() : 0;
  return state_->sweep(*state_->admin, now_ms);
}

void redis_store::state_block::look_once() {
  auto done = table->catch_up(*watching);
  if (done && files.load())
    done = tell_file_changes();
  if (std::exchange(away, !done) == !done)
    return;
  if (away)
    spdlog::error("redis: changes of keys cannot be read: {}", done.error().message);
  else
    spdlog::info("redis: keys are read again");
}

outcome<void> redis_store::state_block::make_root(std::uint64_t root) {
  redis::script_call call{redis::script::root};
  call.key(redis::state_name(root, root)).argument("make").argument("");
  auto made = admin->single(redis::batch{call});
  return made ? outcome<void>{} : outcome<void>{made.error()};
}

void redis_store::state_block::lost_at(std::optional<std::uint64_t> root) {
  const auto slot = redis::slot_of(root ? std::string_view{redis::hex(*root)} : "ledger");
  if (const redis::node* serving = nodes->map()->serving(slot))
    processes.doubt(serving->at);
}

void redis_store::state_block::poke() {
  const std::lock_guard guard(upkeep_lock);
  poked = true;
  upkeep_wake.notify_all();
}

bool redis_store::state_block::is_stopping() {
  const std::lock_guard guard(upkeep_lock);
  return stopping;
}

// Before the first request: nobody takes this Redis for one that is not in use, and should it be
// away soon, this proxy has its part and nobody else has it, too.
void redis_store::state_block::be_counted() {
  const auto until = steady_clock::now() + counted_within_max;
  for (restoring->look(); restoring->heard_of_others() && settings.divides &&
                          presence.dividing == 0 && steady_clock::now() < until;
       restoring->look()) {
    std::unique_lock guard(upkeep_lock);
    upkeep_wake.wait_for(guard, look_soon);
  }
}

// Nobody is to wait for a proxy whose journal has been told to its end.
void redis_store::state_block::leave() {
  if (!keeper || !restoring || !keeper->flush())
    return;
  const auto figures = keeper->now();
  if (figures.applied == figures.published)
    restoring->leave();
}

void redis_store::state_block::look_after() {
  auto next_look = steady_clock::now();
  auto next_sweep = steady_clock::now() + sweep_every;
  bool soon = true;
  std::unique_lock guard(upkeep_lock);
  for (;;) {
    upkeep_wake.wait_for(guard, soon ? look_soon : look_every,
                         [this] { return stopping || poked; });
    if (stopping)
      return;
    poked = false;
    guard.unlock();
    soon = restoring->look();
    if (steady_clock::now() >= next_look) {
      next_look = steady_clock::now() + look_every;
      look_once();
    }
    if (!away && !settings.caller_clock && steady_clock::now() >= next_sweep) {
      next_sweep = steady_clock::now() + sweep_every;
      if (auto swept = sweep(*watching, 0); swept && *swept > 0)
        spdlog::warn("redis: {} holds that nobody ended were charged at their bound", *swept);
    }
    guard.lock();
  }
}

} // namespace proxy::stores
