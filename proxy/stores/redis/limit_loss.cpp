// What a data thread does where Redis is away, and where it does not rely on one Redis alone: a
// hold counts once a replica has it.
#include <spdlog/spdlog.h>

#include "proxy/stores/redis/division.hpp"
#include "proxy/stores/redis/limit_line.hpp"

namespace proxy::stores::redis {

using status = reserve_op::status;

namespace {

constexpr int replica_ms_max = 500;

} // namespace

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

void limit_line::await_replica(operation& o, pipeline& by) {
  append_command(by.out(), "WAIT", "1", std::to_string(replica_ms_max));
  o.replicating = true;
  by.sent(&o);
}

void limit_line::replica_answered(operation& o, const redisReply& with) {
  o.replicating = false;
  const bool good = !is_error(with) && number_of(with).value_or(0) >= 1;
  if (is_error(with))
    tell(refused_by_redis(with).message);
  else if (!good)
    tell("no replica has taken over what was written: store.durability is \"replicated\"");
  if (o.what == kind::step) {
    open_lease& l = *o.lease;
    release(o);
    return step_done(l, good);
  }
  good ? finish(o, status::held) : give_up(o);
}

} // namespace proxy::stores::redis
