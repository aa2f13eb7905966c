// What a data thread does where Redis is away, or may have lost what it held, and where it does not
// rely on one Redis alone: a hold counts once a replica has it.
#include <spdlog/spdlog.h>

#include "proxy/stores/redis/division.hpp"
#include "proxy/stores/redis/limit_line.hpp"

namespace proxy::stores::redis {

using status = reserve_op::status;

namespace {

constexpr int replica_ms_max = 500;

} // namespace

// nullptr: the process at the other end is not there, or may not decide.
pipeline* limit_line::deciding(const keys::key_slot& key) {
  pipeline* at = board_.serving(key.root->id.value);
  return at && (!settings_.processes || standing_of(*at)) ? at : nullptr;
}

incarnations::opening limit_line::standing_of(pipeline& at) {
  incarnations& all = *settings_.processes;
  if (const std::uint64_t now = all.version(); at.stands.seen != now) {
    bool known = false;
    at.stands = {now, all.open(at.replid(), known)};
    if (!known)
      at.cut(); // it leads to a process that has gone by another name since
  }
  return at.stands.open && all.believed_there() ? at.stands.open : nullptr;
}

void limit_line::hear(std::uint64_t version) {
  const std::lock_guard guard(ending_);
  if (!over_) // else there may be no loop any more
    loop_.post([this, version] { heard_.store(version, std::memory_order_release); });
}

// Redis has lost the root's limits, and they are not opened again: asked once more when they are.
void limit_line::closed(operation& o, pipeline& by) {
  if (settings_.processes)
    settings_.processes->doubt(by.at());
  waiting_.push_back(&o);
}

// For as long as an answer is waited for; before, it may only be connecting again.
bool limit_line::away(const keys::key_slot& key) {
  if (there(key))
    return false;
  if (!away_since_)
    away_since_ = loop_.now();
  return loop_.now() - *away_since_ >= settings_.patience.count();
}

void limit_line::fail(reserve_op& op) {
  op.result = status::unavailable;
  const std::int64_t nodes = settings_.nodes ? settings_.nodes->load() : 0;
  if (nodes == 0 || there(*op.key) || op.hold.slot_lease != 0 || !divisible(*op.key))
    return;
  if (away_at_ == policies::instant{}) {
    away_at_ = op.now;
    spdlog::warn("redis: away; keys with limits a minute only go on at 1/{} of them", nodes);
  }
  reserve_divided(op, {nodes, away_at_});
}

// For all that a round was given, at once: Redis answers nothing else on this connection meanwhile.
void limit_line::await_replica(round& r, pipeline& by) {
  append_command(by.out(), "WAIT", "1", std::to_string(replica_ms_max));
  r.replicating = true;
  by.sent(&r);
}

void limit_line::replica_answered(round& r, const redisReply& with) {
  const bool good = !is_error(with) && number_of(with).value_or(0) >= 1;
  if (is_error(with))
    tell(refused_by_redis(with).message);
  else if (!good)
    tell("no replica has taken over what was written: store.durability is \"replicated\"");
  if (operation* step = r.step()) {
    open_lease& l = *step->lease;
    release(*step);
    done_with(r);
    return step_done(l, good);
  }
  for (operation* o : r.asks)
    good ? finish(*o, status::held) : give_up(*o);
  done_with(r);
}

} // namespace proxy::stores::redis
