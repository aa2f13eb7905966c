// The rounds: whom there is, what each process was told, and when all have.
#include "proxy/stores/redis/restorer.hpp"

#include <algorithm>

#include <openssl/rand.h>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "proxy/stores/redis/names.hpp"

namespace proxy::stores {

using redis::incarnations;
using redis::roll_call;

namespace {

// Who was silent for longer than this when a process wrote its last has told it all that it ever
// let through: long before, it lets nothing through any more (incarnations.cpp).
constexpr std::int64_t gone_ms = 25'000;

constexpr std::chrono::seconds names_every{5};
constexpr int tags_max = 10'000; // tried for one that lies at a master
// That something was lost, so that whoever looks now and then sees it.
constexpr std::chrono::minutes told_for{1};

std::string fresh_word() {
  std::uint64_t word = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&word), sizeof word);
  return redis::hex(word);
}

} // namespace

// A place that serves nothing any more decides nothing, either.
redis_store::restorer::standings redis_store::restorer::present() const {
  const auto map = my_.nodes->map();
  standings all = my_.processes.all();
  std::erase_if(all, [&](const incarnations::standing& each) {
    const bool gone = !map->nodes.empty() && !map->has(each.at);
    if (gone)
      my_.processes.forget(each.at);
    return gone;
  });
  return all;
}

outcome<roll_call> redis_store::restorer::call(const standings& all, bool leaving) {
  std::map<std::string, redis::said_of_process> said;
  for (const incarnations::standing& each : all) {
    redis::said_of_process& of = said[each.replid];
    const auto known = known_.find(each.replid);
    if (known == known_.end())
      continue;
    const process& one = known->second;
    if (one.told)
      of.told = one.token;
    if (one.opened)
      of.opened = one.token;
    if (one.lost_again || (each.open && each.doubted))
      of.lost = one.token;
  }
  redis::script_call script{redis::script::roll_call};
  script.key(redis::nodes_name).key(redis::processes_name);
  script.argument(name_).argument(std::to_string(last_ms_)).argument(fresh_word());
  script.argument(fmt::format("{} {}", my_.settings.lifetime_max.count(), gone_ms));
  script.argument(my_.settings.where.how == redis::layout::cluster ? "0" : "1");
  script.argument(redis::write_saying(fellows_, said, leaving));
  const auto answer = my_.watching->single(redis::batch{script});
  if (!answer)
    return answer.error();
  auto heard = redis::read_roll_call(redis::text_of(**answer));
  if (!heard)
    return failure{errc::store_unavailable, "an answer of Redis is not one of our scripts'"};
  return std::move(*heard);
}

bool redis_store::restorer::look() {
  const standings all = present();
  const auto heard = call(all, false);
  const std::string trouble = heard ? "" : heard.error().message;
  if (!trouble.empty() && trouble_.empty())
    spdlog::error("redis: the other proxies cannot be asked: {}", trouble);
  trouble_ = trouble;
  if (!heard)
    return false;
  fellows_ = heard->nodes;
  last_ms_ = heard->now_ms;
  my_.processes.was_told_of();
  count_fellows();
  ask_names(all, heard->own);
  bool more = false;
  for (const incarnations::standing& each : all)
    more = advance(each, *heard) || more;
  std::erase_if(known_, [&](const auto& one) {
    return std::ranges::find(all, one.first, &incarnations::standing::replid) == all.end();
  });
  count();
  return more;
}

// A process takes another name when its first replica comes, too: who connects afterwards meets it
// by that one, so all have to. Then it is told again, as if it had been started.
void redis_store::restorer::ask_names(const standings& all, const std::string& of_who_answered) {
  const auto now = std::chrono::steady_clock::now();
  const bool sharded = my_.settings.where.how == redis::layout::cluster;
  if (sharded && now < names_at_)
    return;
  names_at_ = now + names_every;
  for (const incarnations::standing& each : all)
    if (const std::string name = sharded ? name_of(each.at) : of_who_answered; !name.empty())
      my_.processes.met(each.at, name);
}

// Empty: it cannot be asked now.
std::string redis_store::restorer::name_of(const redis::place& at) {
  int tag = 0;
  while (!lies_at(at, std::to_string(tag)))
    if (++tag == tags_max)
      return {};
  redis::script_call call{redis::script::who};
  call.key(fmt::format("ds:{{{}}}", tag));
  const auto answer = my_.watching->single(redis::batch{call});
  return answer ? std::string(redis::text_of(**answer)) : std::string{};
}

void redis_store::restorer::count_fellows() {
  std::vector<redis::presence::seen> all;
  for (const auto& [name, ms] : fellows_)
    all.push_back({name, ms});
  const auto counted = my_.presence.count(name_, last_ms_, all);
  my_.lending.nodes = counted.there;
  my_.presence.dividing = counted.among;
}

bool redis_store::restorer::advance(const incarnations::standing& of, const roll_call& heard) {
  const auto found = heard.processes.find(of.replid);
  if (found == heard.processes.end())
    return true;
  const roll_call::process& as_heard = found->second;
  if (known_[of.replid].token != as_heard.token)
    begin(of, as_heard.token);
  process& one = known_[of.replid];
  one.at = of.at;
  if (!one.told) {
    if (auto done = tell(one); !done) {
      spdlog::error("redis: {} cannot be told again yet: {}", redis::to_string(of.at),
                    done.error().message);
      return false;
    }
    return one.told = true;
  }
  if (as_heard.open) {
    // All have put back by now what they knew of keys.
    if (!of.open && lies_at(of.at, "keys") && !my_.table->catch_up(*my_.watching))
      return true;
    if (!of.open)
      open(of.replid, one);
    return false;
  }
  report_awaited(one, as_heard, heard.now_ms);
  if (!as_heard.told.contains(name_) || !as_heard.missing.empty() || one.opened)
    return true;
  const auto opened = open_roots(one, as_heard.told);
  one.opened = opened && *opened;
  one.lost_again = opened && !*opened;
  return opened.has_value();
}

void redis_store::restorer::begin(const incarnations::standing& of, const std::string& token) {
  process& one = known_[of.replid];
  const bool again = !one.token.empty();
  one = {.at = of.at, .token = token, .lacked = one.lacked};
  if (my_.processes.stop(of.replid) || again)
    spdlog::warn("redis: {} has to be told again what it knew: nothing is let through there until "
                 "every proxy has",
                 redis::to_string(of.at));
  if (of.doubted)
    note_lack(one);
}

void redis_store::restorer::note_lack(process& one) {
  if (std::exchange(one.lacked, true))
    return;
  ++my_.losses;
  lost_at_ = std::chrono::steady_clock::now();
  spdlog::critical("redis: {} has lost what it had acknowledged (FLUSHALL, an old copy, a restart "
                   "without appendonly, a failover?). Nothing is let through there until every "
                   "proxy has told it again what its journal has",
                   redis::to_string(one.at));
}

void redis_store::restorer::open(const std::string& replid, process& one) {
  my_.processes.let(replid);
  if (one.lacked)
    spdlog::warn("redis: {} has been told again what it had lost, and decides about limits",
                 redis::to_string(one.at));
  else
    spdlog::info("redis: {} decides about limits", redis::to_string(one.at));
  one.lacked = false;
  one.lost.clear();
}

void redis_store::restorer::report_awaited(process& one, const roll_call::process& as_heard,
                                           std::int64_t now_ms) {
  std::set<std::string> awaited;
  for (const auto& [name, ms] : as_heard.missing)
    if (now_ms - ms > redis::node_silence_max.count())
      awaited.insert(name);
  if (awaited == one.awaited)
    return;
  one.awaited = awaited;
  for (const std::string& each : awaited)
    spdlog::error("redis: {}: proxy {} was there {} s ago and may have let something through that "
                  "only its journal has. It is waited for until it has been away for {} s "
                  "(server.request_lifetime_max_s); \"deepseek-proxy store forget {}\" goes on "
                  "without it",
                  redis::to_string(one.at), each, (now_ms - as_heard.missing.at(each)) / 1000,
                  my_.settings.lifetime_max.count() / 1000, each);
}

void redis_store::restorer::count() const {
  std::size_t closed = 0;
  bool lacks = lost_at_ && std::chrono::steady_clock::now() - *lost_at_ < told_for;
  for (const incarnations::standing& each : my_.processes.all())
    closed += !each.open;
  for (const auto& [_, one] : known_)
    lacks = lacks || one.lacked;
  my_.closed = closed;
  my_.lacks = lacks;
}

void redis_store::restorer::leave() {
  if (const auto done = call({}, true); !done)
    spdlog::debug("redis: {}", done.error().message);
}

} // namespace proxy::stores
