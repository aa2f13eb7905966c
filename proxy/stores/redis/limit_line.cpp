// From session to script and back.
#include "proxy/stores/redis/limit_line.hpp"

#include <limits>
#include <utility>

#include <spdlog/spdlog.h>

#include "proxy/stores/redis/division.hpp"
#include "proxy/stores/redis/limit_answer.hpp"
#include "proxy/stores/redis/scripts.hpp"

namespace proxy::stores::redis {

using status = reserve_op::status;

namespace {

constexpr int detours_max = 5; // two nodes may each name the other for a while

} // namespace

limit_line::limit_line(io::reactor& loop, topology& nodes, limit_line_settings settings)
    : loop_(loop), settings_(settings), node_(hex(settings.node)),
      board_(loop, nodes, *this, settings.connection) {
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
  const bool ends = o.what == kind::settle || o.what == kind::cancel;
  pipeline* at = ends ? board_.serving(o.key->root->id.value) : deciding(*o.key);
  if (at)
    write(o, *at);
  return at != nullptr;
}

void limit_line::write(operation& o, pipeline& at) {
  const packed_chain chain{*o.key};
  switch (o.what) {
  case kind::step:
    step_call(*o.lease).write(at.out());
    break;
  case kind::reserve:
  case kind::rest:
    write_reserve(o, chain, at.out());
    break;
  case kind::extend:
    write_extend(o, chain, at.out());
    break;
  default:
    write_settle(o, chain, at.out());
  }
  o.asked = true;
  o.written_under = at.stands.open;
  at.sent(&o);
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

void limit_line::answered(pipeline& by, void* what, const redisReply& with) {
  operation& o = *static_cast<operation*>(what);
  if (overtaken(o))
    return release(o);
  if (o.replicating)
    return replica_answered(o, with);
  if (is_error(with)) {
    if (text_of(with).starts_with("NOSCRIPT")) { // nothing ran; the next connection brings them
      by.cut();
      return lost(what);
    }
    if (!sent_on(o, by, with))
      refused(o, with);
    return;
  }
  if (!last_trouble_.empty())
    last_trouble_.clear();
  const bool is_step = o.what == kind::step;
  if (!o.op && !is_step)
    return release(o);
  if (!answers(with, is_step ? step_name(*o.lease) : std::string(view(o.id)))) {
    tell("an answer is another request's: replies are lost or repeated on the way");
    by.cut();
    return lost(what);
  }
  if (closed(o, by, with))
    return;
  if (is_step)
    return step_answered(o, by, with);
  if (!understand(o, by, with)) {
    tell("an answer of Redis is not one of our scripts'");
    give_up(o);
  }
}

void limit_line::refused(operation& o, const redisReply& error) {
  tell(refused_by_redis(error).message);
  if (o.what != kind::step)
    return o.op ? finish(o, status::unavailable) : release(o);
  open_lease& l = *o.lease;
  release(o);
  step_refused(l);
}

// Nothing ran: the node it is at now is asked, or the same again in a moment.
bool limit_line::sent_on(operation& o, pipeline& by, const redisReply& error) {
  const auto way = board_.way_around(error, by);
  if (!way)
    return false;
  if (way->at && ++o.detours <= detours_max) {
    if (way->asking)
      board_.ask_first(*way->at);
    write(o, *way->at);
    return true;
  }
  if (!way->at && way->trouble)
    tell(refused_by_redis(error).message);
  o.detours = 0;
  waiting_.push_back(&o);
  return true;
}

// Once for each trouble, not once a request.
void limit_line::tell(std::string_view trouble) {
  if (last_trouble_ == trouble)
    return;
  last_trouble_ = trouble;
  spdlog::error("redis: {}", trouble);
}

namespace {

// A hold whose slot is of a lease, and its tokens and money held by its own name.
void add_rest(policies::limits::hold& to, const policies::limits::hold& rest) {
  to.held_tokens += rest.held_tokens;
  to.risk_tokens += rest.risk_tokens;
  to.money += rest.money;
  to.month_id = rest.month_id;
  to.day_id = rest.day_id;
  to.lease = 0;
}

} // namespace

bool limit_line::understand(operation& o, pipeline& by, const redisReply& with) {
  auto answer = read_answer(with);
  if (!answer)
    return false;
  heard_time(answer->now.time_since_epoch().count());
  reserve_op& op = *o.op;
  const keys::key_chain chain{*o.key};
  answered_chain members{chain, *answer};
  switch (answer->what) {
  case limit_answer::verdict::held:
    if (o.what == kind::rest)
      add_rest(op.hold, answer->held);
    else
      op.hold = answer->held;
    if (open_lease* l = o.what == kind::rest ? desk_->find(*o.key, op.hold.slot_lease) : nullptr)
      l->local.use_request(op.hold);
    op.left = members.least_left();
    settings_.replicated ? await_replica(o, by) : finish(o, status::held);
    return true;
  case limit_answer::verdict::refused: {
    const auto refusal =
        o.what == kind::extend ? members.why_not_more(op.ask, op.hold) : members.why_not(op.ask);
    if (!refusal) // the limits were changed between asking and being told: ask again
      return give_up(o), true;
    op.refusal = *refusal;
    op.left = members.least_left();
    if (o.repeated && o.what != kind::extend)
      cancel_at_redis(*o.key, o.id, o.now); // the earlier copy may yet find room
    finish(o, status::refused);
    return true;
  }
  case limit_answer::verdict::too_late:
    finish(o, status::unavailable);
    return true;
  }
  return false;
}

void limit_line::lost(void* what) {
  operation& o = *static_cast<operation*>(what);
  if (overtaken(o))
    return release(o);
  if (!away_since_)
    away_since_ = loop_.now();
  if (o.what == kind::settle)
    return release(o); // the journal tells of it again
  if (std::exchange(o.replicating, false) && o.what == kind::step) {
    open_lease& l = *o.lease;
    release(o);
    return step_done(l, false);
  }
  o.repeated = true;
  waiting_.push_back(&o);
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
  over_ = true;
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
