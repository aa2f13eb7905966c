// What a turn asks for goes to Redis in rounds, one for each key; what comes back is handed to who
// asked. A round whose outcome is unknown falls apart: each of its operations is asked again.
#include <algorithm>
#include <utility>

#include "proxy/stores/redis/limit_line.hpp"
#include "proxy/stores/redis/scripts.hpp"

namespace proxy::stores::redis {

using status = reserve_op::status;

namespace {

constexpr int detours_max = 5;             // two nodes may each name the other for a while
constexpr std::ptrdiff_t open_rounds = 32; // that are looked through for one of the same key

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

round& limit_line::take_round(keys::key_slot& key) {
  if (free_rounds_.empty()) {
    all_rounds_.push_back(std::make_unique<round>());
    free_rounds_.push_back(all_rounds_.back().get());
  }
  round& r = *free_rounds_.back();
  free_rounds_.pop_back();
  r.key = &key;
  r.word = ++word_;
  return r;
}

void limit_line::done_with(round& r) {
  r.clear();
  free_rounds_.push_back(&r);
}

// A step is written at once: what it brings home is there for who asks in the same turn.
void limit_line::write(operation& o, pipeline& at) {
  if (o.what == kind::step) {
    round& alone = take_round(*o.key);
    alone.add(o);
    return send(alone, at);
  }
  const auto newest = this_turn_.rbegin();
  const auto end = newest + std::min(std::ssize(this_turn_), open_rounds);
  const auto known = std::find_if(newest, end, [&](const addressed& each) {
    return each.what->key == o.key && each.at == &at && each.what->size() < round::operations_max;
  });
  if (known == end)
    this_turn_.push_back({&take_round(*o.key), &at});
  (known == end ? this_turn_.back() : *known).what->add(o);
}

void limit_line::turn_ends() {
  for (const addressed& each : this_turn_)
    if (each.at->ready())
      send(*each.what, *each.at);
    else
      lost(each.what);
  this_turn_.clear();
}

void limit_line::send(round& r, pipeline& at) {
  policies::instant now{};
  for (const auto* some : {&r.ends, &r.asks})
    for (operation* o : *some) {
      o->asked = true;
      o->written_under = at.stands.open;
      now = std::max(now, o->now);
    }
  if (const operation* step = r.step())
    step_call(*step->lease).write(at.out());
  else
    writer_.write(r, script_now(now), not_after(now), at.out());
  at.sent(&r);
}

bool limit_line::answers(const round& r, const redisReply& with) const {
  const operation* step = r.step();
  return step ? answers_step(with, step_name(*step->lease)) : answers_round(with, r.word);
}

void limit_line::answered(pipeline& by, void* what, const redisReply& with) {
  round& r = *static_cast<round*>(what);
  operation* const step = r.step();
  if (step && overtaken(*step)) {
    release(*step);
    return done_with(r);
  }
  if (r.replicating)
    return replica_answered(r, with);
  if (is_error(with)) {
    if (text_of(with).starts_with("NOSCRIPT")) { // nothing ran; the next connection brings them
      by.cut();
      return lost(what);
    }
    if (!sent_on(r, by, with))
      refused(r, with);
    return;
  }
  if (!last_trouble_.empty())
    last_trouble_.clear();
  if (!answers(r, with)) {
    tell("an answer is another request's: replies are lost or repeated on the way");
    by.cut();
    return lost(what);
  }
  if (!step)
    return round_answered(r, by, with);
  done_with(r);
  step_answered(*step, by, with);
}

// Nothing ran: the node it is at now is asked, or the same again in a moment.
bool limit_line::sent_on(round& r, pipeline& by, const redisReply& error) {
  const auto way = board_.way_around(error, by);
  if (!way)
    return false;
  if (!way->at && way->trouble)
    tell(refused_by_redis(error).message);
  for (auto* some : {&r.ends, &r.asks})
    std::erase_if(*some, [&](operation* o) {
      const bool waits = !way->at || ++o->detours > detours_max;
      if (waits) {
        o->detours = 0;
        waiting_.push_back(o);
      }
      return waits;
    });
  if (r.size() == 0) {
    done_with(r);
    return true;
  }
  if (way->asking)
    board_.ask_first(*way->at);
  send(r, *way->at);
  return true;
}

void limit_line::refused(round& r, const redisReply& error) {
  tell(refused_by_redis(error).message);
  if (operation* step = r.step()) {
    open_lease& l = *step->lease;
    release(*step);
    done_with(r);
    return step_refused(l);
  }
  for (operation* o : r.ends)
    release(*o);
  for (operation* o : r.asks)
    finish(*o, status::unavailable);
  done_with(r);
}

void limit_line::round_answered(round& r, pipeline& by, const redisReply& with) {
  const auto answer = read_round(with, r.size());
  if (!answer)
    tell("an answer of Redis is not one of our scripts'");
  else
    heard_time(answer->seen.now.time_since_epoch().count());
  const std::size_t ends = r.ends.size();
  for (operation* o : r.ends)
    release(*o); // what Redis does not know, the journal tells
  r.ends.clear();
  const keys::key_chain chain{*r.key};
  const auto left =
      answer ? answered_chain{chain, answer->seen}.least_left() : policies::limits::remaining{};
  std::size_t held = 0;
  for (std::size_t i = 0; i < r.asks.size(); ++i) {
    operation& o = *r.asks[i];
    if (!answer)
      give_up(o);
    else if (ask_answered(o, by, *answer->each[ends + i], answer->seen, left))
      r.asks[held++] = &o;
  }
  r.asks.resize(held);
  held > 0 ? await_replica(r, by) : done_with(r);
}

// True: it is held, and a replica is waited for.
bool limit_line::ask_answered(operation& o, pipeline& by, const redisReply& said,
                              const seen_chain& seen, const policies::limits::remaining& left) {
  using verdict = limit_answer::verdict;
  const auto answer = read_answer(said);
  if (!answer) {
    tell("an answer of Redis is not one of our scripts'");
    return give_up(o), false;
  }
  o.op->left = left;
  switch (answer->what) {
  case verdict::held:
    take_hold(o, answer->held);
    if (settings_.replicated)
      return true;
    finish(o, status::held);
    break;
  case verdict::refused:
    ask_refused(o, seen);
    break;
  case verdict::too_late:
    finish(o, status::unavailable);
    break;
  case verdict::closed:
    closed(o, by);
  }
  return false;
}

void limit_line::take_hold(operation& o, const policies::limits::hold& held) {
  reserve_op& op = *o.op;
  if (o.what != kind::rest) {
    op.hold = held;
    return;
  }
  add_rest(op.hold, held);
  if (open_lease* l = desk_->find(*o.key, op.hold.slot_lease))
    l->local.use_request(op.hold);
}

// The states are those at the end of its round. What was granted after it only fills them.
void limit_line::ask_refused(operation& o, const seen_chain& seen) {
  reserve_op& op = *o.op;
  const keys::key_chain chain{*o.key};
  answered_chain members{chain, seen};
  const auto refusal =
      o.what == kind::extend ? members.why_not_more(op.ask, op.hold) : members.why_not(op.ask);
  if (!refusal) // the limits were changed between asking and being told: ask again
    return give_up(o);
  op.refusal = *refusal;
  if (o.repeated && o.what != kind::extend)
    cancel_at_redis(*o.key, o.id, o.now); // the earlier copy may yet find room
  finish(o, status::refused);
}

void limit_line::lost(void* what) {
  round& r = *static_cast<round*>(what);
  if (!away_since_)
    away_since_ = loop_.now();
  for (operation* o : r.ends)
    lose(*o, false);
  for (operation* o : r.asks)
    lose(*o, r.replicating);
  done_with(r);
}

void limit_line::lose(operation& o, bool replicating) {
  if (overtaken(o) || o.what == kind::settle)
    return release(o); // the journal tells of it again
  if (replicating && o.what == kind::step) {
    open_lease& l = *o.lease;
    release(o);
    return step_done(l, false);
  }
  o.repeated = true;
  waiting_.push_back(&o);
}

} // namespace proxy::stores::redis
