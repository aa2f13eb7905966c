// From session to script and back.
#include "proxy/stores/redis/limit_line.hpp"

#include <limits>
#include <random>
#include <utility>

#include <spdlog/spdlog.h>

#include "proxy/stores/redis/division.hpp"

namespace proxy::stores::redis {

using status = reserve_op::status;

limit_line::limit_line(io::reactor& loop, topology& nodes, limit_line_settings settings)
    : loop_(loop), settings_(settings), node_(hex(settings.node)),
      board_(loop, nodes, *this, settings.connection), writer_(settings.node),
      word_(std::random_device{}()) {
  if (settings_.leases)
    desk_.emplace(*settings_.leases);
  loop_.every_tick([this](io::deadline now) { tick(now); });
}

bool limit_line::reserve(reserve_op& op) {
  op.hold = {};
  op.stands = nullptr;
  if (settings_.nodes && away(*op.key) && divisible(*op.key)) {
    fail(op);
    return true;
  }
  return desk_ ? ask_leased(desk_->of(*op.key), op, false) : ask(op, kind::reserve);
}

bool limit_line::extend(reserve_op& op) {
  if (settings_.nodes && op.hold.lease == divided_number) {
    extend_divided(op, {*settings_.nodes, away_at_});
    return true;
  }
  const bool leased = desk_ && op.hold.slot_lease != 0;
  return leased ? ask_leased(desk_->of(*op.key), op, true) : ask(op, kind::extend);
}

bool limit_line::ask(reserve_op& op, kind what) {
  operation& o = take(what, *op.key, op.id, op.now);
  o.op = &op;
  o.until = loop_.in(settings_.patience);
  if (submit(o))
    return false;
  release(o);
  op.result = status::unavailable;
  return true;
}

// Waits even where there is no room: for who has waited for something else already.
void limit_line::ask_for(reserve_op& op, kind what, io::deadline until) {
  operation& o = take(what, *op.key, op.id, op.now);
  o.op = &op;
  o.until = until;
  if (!write_if_ready(o))
    waiting_.push_back(&o);
}

void limit_line::settle(keys::key_slot& key, const policies::request_id& id,
                        const policies::limits::hold& held, const policies::limits::actuals& used,
                        policies::instant now) {
  if (settings_.nodes && held.lease == divided_number)
    return settle_divided(key, held, used, *settings_.nodes, now);
  if (open_lease* l = held.slot_lease != 0 && desk_ ? desk_->find(key, held.slot_lease) : nullptr)
    l->local.settle(held, used);
  if (held.lease != 0)
    return; // the journal tells what it cost
  operation& o = take(kind::settle, key, id, now);
  o.used = used;
  o.until = loop_.in(settings_.patience);
  // Not kept where it cannot be sent: the journal tells of it again.
  if (!write_if_ready(o))
    release(o);
}

void limit_line::cancel(keys::key_slot& key, const policies::request_id& id,
                        const policies::limits::hold& held, policies::instant now) {
  if (settings_.nodes && held.lease == divided_number)
    return cancel_divided(key, held, *settings_.nodes, now);
  if (open_lease* l = held.slot_lease != 0 && desk_ ? desk_->find(key, held.slot_lease) : nullptr)
    l->local.cancel(held);
  if (held.lease == 0)
    cancel_at_redis(key, id, now);
}

void limit_line::cancel_at_redis(keys::key_slot& key, const policies::request_id& id,
                                 policies::instant now) {
  operation& o = take(kind::cancel, key, id, now);
  o.until = io::no_deadline;
  if (!submit(o))
    release(o); // the hold ends with its lifetime, as a charge: too much rather than too little
}

limit_line::operation& limit_line::take(kind what, keys::key_slot& key,
                                        const policies::request_id& id, policies::instant now) {
  if (free_.empty()) {
    all_.push_back(std::make_unique<operation>());
    free_.push_back(all_.back().get());
  }
  operation& o = *free_.back();
  free_.pop_back();
  ++open_;
  o = {};
  o.what = what;
  o.key = &key;
  o.id = id;
  o.now = now;
  return o;
}

void limit_line::release(operation& o) {
  --open_;
  free_.push_back(&o);
}

bool limit_line::submit(operation& o) {
  if (write_if_ready(o))
    return true;
  if (over_ || waiting_.size() >= settings_.waiting_max)
    return false;
  waiting_.push_back(&o);
  return true;
}

// 0: Redis's own clock.
std::int64_t limit_line::script_now(policies::instant now) const {
  return settings_.caller_clock ? now.time_since_epoch().count() : 0;
}

// By Redis's clock, as the last answer told it: a command that is stuck on its way for longer would
// hold for nobody.
std::int64_t limit_line::not_after(policies::instant now) const {
  const std::int64_t present =
      settings_.caller_clock ? now.time_since_epoch().count() : loop_.now() + ahead_ms_;
  return present + settings_.patience.count() + on_its_way_ms_max;
}

void limit_line::heard_time(std::int64_t redis_now_ms) {
  ahead_ms_ = redis_now_ms - loop_.now();
}

bool limit_line::write_if_ready(operation& o) {
  if (overtaken(o)) {
    release(o);
    return true;
  }
  // What ends something may be told anyone: who does not know it leaves it to the journal.
  pipeline* at = o.ends() ? board_.serving(o.key->root->id.value) : deciding(*o.key);
  if (at)
    write(o, *at);
  return at != nullptr;
}

void limit_line::connected(pipeline& by, std::int64_t redis_now_ms) {
  ++connections_;
  if (settings_.processes)
    settings_.processes->met(by.at(), by.replid());
  away_since_.reset();
  away_at_ = {};
  heard_time(redis_now_ms);
  for (operation* o : std::exchange(waiting_, {}))
    if (!write_if_ready(*o))
      waiting_.push_back(o);
}

// Once for each trouble, not once a request.
void limit_line::tell(std::string_view trouble) {
  if (last_trouble_ == trouble)
    return;
  last_trouble_ = trouble;
  spdlog::error("redis: {}", trouble);
}

void limit_line::finish(operation& o, status how) {
  reserve_op& op = *std::exchange(o.op, nullptr);
  const kind what = o.what;
  op.stands = how == status::held ? o.written_under : nullptr;
  release(o);
  op.result = how;
  if (how == status::unavailable && what == kind::reserve)
    fail(op);
  op.waiter.resume();
}

// Nobody waits for it any more, but it may have taken something: that is given back.
void limit_line::give_up(operation& o) {
  if (!o.op)
    return release(o); // the journal tells of it again
  if (o.asked && o.what != kind::extend)
    cancel_at_redis(*o.key, o.id, o.now);
  finish(o, status::unavailable);
}

void limit_line::tick(io::deadline now) {
  for (std::size_t left = waiting_.size(); left > 0; --left) {
    operation* o = waiting_.front();
    waiting_.pop_front();
    if (o->until <= now)
      give_up(*o);
    else if (!write_if_ready(*o))
      waiting_.push_back(o);
  }
  if (desk_)
    tick_leases(now);
}

void limit_line::ended() {
  {
    const std::lock_guard guard(ending_);
    over_ = true;
  }
  for (const addressed& each : std::exchange(this_turn_, {}))
    lost(each.what);
  heard_ = std::numeric_limits<std::uint64_t>::max();
  for (operation* o : std::exchange(waiting_, {}))
    if (o->op)
      finish(*o, status::unavailable);
    else
      release(*o);
  if (desk_)
    desk_->for_each([](open_lease& l) {
      for (const open_lease::waiting_op& each : std::exchange(l.waiting, {})) {
        each.op->result = status::unavailable;
        each.op->waiter.resume();
      }
    });
}

} // namespace proxy::stores::redis
