// How a data thread lives with its leases: it serves from them, tells Redis in steps, one at a time
// for each, and asks for single requests where what is lent does not do. Everything is brought back
// before that, so that what Redis then decides is exact.
#include <utility>

#include <spdlog/spdlog.h>

#include "proxy/stores/redis/limit_answer.hpp"
#include "proxy/stores/redis/limit_line.hpp"

namespace proxy::stores::redis {

namespace limits = policies::limits;
using limits::loan_step;
using limits::portion;
using status = reserve_op::status;

namespace {

constexpr int steps_max = 3; // for which a request waits

packer& operator<<(packer& out, const portion& amounts) {
  return out << amounts.requests << amounts.slots << amounts.held_tokens.value
             << amounts.risk_tokens.value << amounts.money.value;
}

portion granted_by(const limits::hold& lent) {
  return {.requests = lent.requests_held,
          .slots = lent.slots,
          .held_tokens = lent.held_tokens,
          .risk_tokens = lent.risk_tokens,
          .money = lent.money};
}

} // namespace

std::int64_t limit_line::present_ms(policies::instant now) const {
  return settings_.caller_clock ? now.time_since_epoch().count() : loop_.now() + ahead_ms_;
}

bool limit_line::serve(open_lease& l, reserve_op& op, bool extends) {
  return l.heard_on == connections_ && there(*l.key) && l.lent_by_these_limits() &&
         (!l.stands || l.stands->load()) && lease_desk::serve(l, op, extends, present_ms(op.now));
}

bool limit_line::ask_leased(open_lease& l, reserve_op& op, bool extends) {
  if (extends)
    op.ask.requests = op.ask.slots = 0; // taken with the first step
  void_if_lost(l);
  const std::int64_t at_ms = present_ms(op.now);
  l.recent.note(portion_of(op.ask), at_ms);
  l.used_at = loop_.now();
  l.last_now = op.now;
  if (serve(l, op, extends)) {
    if (!l.step_open)
      take_step(l, desk_->asking(l, nullptr, at_ms));
    return true;
  }
  if (!l.step_open && there(*l.key))
    take_step(l, desk_->asking(l, &op.ask, at_ms));
  if (l.step_open) {
    l.waiting.push_back({&op, extends, loop_.in(settings_.patience)});
    return false;
  }
  take_step(l, desk_->bringing_home(l));
  return ask(op, extends ? kind::rest : kind::reserve);
}

void limit_line::take_step(open_lease& l, std::optional<loan_step> step) {
  if (!step)
    return;
  l.step = *step;
  l.step_open = true;
  l.stepped_at = loop_.now();
  l.note_limits();
  operation& o = take(kind::step, *l.key, {}, l.last_now);
  o.lease = &l;
  o.number = l.local.number();
  o.until = io::no_deadline;
  if (!write_if_ready(o))
    waiting_.push_back(&o);
}

std::string limit_line::step_name(const open_lease& l) const {
  return lease_name(settings_.node, l.local.number());
}

script_call limit_line::step_call(const open_lease& l) const {
  const packed_chain chain{*l.key};
  packer numbers;
  numbers << script_now(l.last_now) << not_after(l.last_now) << l.step.sequence
          << std::int64_t{l.closing} << l.step.requests_used << l.step.parts << l.step.returned
          << l.step.wanted << l.step.least;
  script_call call{script::lease};
  call.key(chain.holds);
  for (std::size_t i = 0; i < chain.length; ++i)
    call.key(chain.states[i]);
  call.argument(step_name(l))
      .argument(node_ + hex(l.key->id.value))
      .argument(chain.limits)
      .argument(numbers.text());
  return call;
}

void limit_line::step_answered(operation& o, pipeline& by, const redisReply& with) {
  open_lease& l = *o.lease;
  const auto code = step_code(with);
  if (const auto now = code ? number_of(*items_of(with)[1]) : std::nullopt)
    heard_time(*now);
  if (code == 4) // it was stuck on its way for long; nothing has happened
    return write(o, by);
  if (code == 5)
    return closed(o, by);
  const auto answer = read_lent(with);
  if (answer && !l.closing) {
    const keys::key_chain chain{*l.key};
    l.left = answered_chain{chain, answer->seen}.least_left();
    const portion granted = granted_by(answer->lent);
    l.local.add(granted, answer->lent.month_id, answer->lent.day_id);
    l.granted_all = granted.covers(l.step.wanted);
    l.stands = o.written_under;
    if (granted.empty() && !l.step.wanted.empty())
      l.exact_until_ms = present_ms(l.last_now) + limits::demand_ms;
    if (!settings_.replicated || granted.empty()) {
      release(o);
      return step_done(l, true);
    }
    l.heard_on = 0; // not divided yet
    round& again = take_round(*l.key);
    again.add(o);
    return await_replica(again, by);
  }
  if (code == 3 && settings_.processes)
    settings_.processes->doubt(by.at());
  else if (!code || *code > 3)
    tell("an answer of Redis is not one of our scripts'");
  release(o);
  desk_->make_void(l);
  serve_waiting(l);
}

// `good`: what was granted may be divided; else it is brought back.
void limit_line::step_done(open_lease& l, bool good) {
  l.heard_on = good ? connections_ : 0;
  l.step_open = false;
  if ((std::exchange(l.home_after, false) && l.waiting.empty()) || !good)
    take_step(l, desk_->bringing_home(l));
  serve_waiting(l);
}

// Scripts look at everything before they change anything: the step has not happened.
void limit_line::step_refused(open_lease& l) {
  l.step_open = l.closing = l.home_after = false;
  --l.step.sequence;
  l.local.take_back(l.step.returned, l.step.requests_used);
  l.heard_on = 0; // not divided until Redis has answered
  l.exact_until_ms = present_ms(l.last_now) + limits::demand_ms;
  for (const open_lease::waiting_op& each : std::exchange(l.waiting, {})) {
    each.op->result = status::unavailable;
    each.op->waiter.resume();
  }
}

// In the order in which they came: from the lease while it lasts. Who came while the step was on
// its way waits for one more where all that was wanted was lent; else little remains, and each is
// asked for by itself.
void limit_line::serve_waiting(open_lease& l) {
  const bool plenty = !l.step_open && !l.never_lent() && !l.step.wanted.empty() && l.granted_all;
  std::vector<open_lease::waiting_op> unserved;
  for (open_lease::waiting_op& each : std::exchange(l.waiting, {})) {
    if (serve(l, *each.op, each.extends))
      each.op->waiter.resume();
    else
      unserved.push_back({each.op, each.extends, each.until, each.steps + 1});
  }
  if (unserved.empty())
    return;
  if (plenty && !l.step_open && unserved.front().steps < steps_max)
    take_step(l, desk_->asking(l, &unserved.front().op->ask, present_ms(l.last_now)));
  const bool waits = l.step_open && !l.step.wanted.empty();
  if (!l.step_open)
    take_step(l, desk_->bringing_home(l));
  for (const open_lease::waiting_op& each : unserved)
    if (waits && each.steps < steps_max)
      l.waiting.push_back(each);
    else
      ask_for(*each.op, each.extends ? kind::rest : kind::reserve, each.until);
}

// What flies goes on by its own name: it is held again, and the journal tells what it cost.
void limit_line::void_if_lost(open_lease& l) {
  if (!l.stands || l.stands->load())
    return;
  desk_->make_void(l);
  l.home_after = false;
  serve_waiting(l);
}

void limit_line::tick_leases(io::deadline now) {
  std::vector<open_lease*> over;
  std::vector<reserve_op*> late;
  desk_->for_each([&](open_lease& l) {
    void_if_lost(l);
    std::erase_if(l.waiting, [&](const open_lease::waiting_op& each) {
      if (each.until <= now)
        late.push_back(each.op);
      return each.until <= now;
    });
    if (l.step_open || !there(*l.key))
      return;
    if (desk_->ended(l, now))
      over.push_back(&l);
    else
      take_step(l, desk_->tidying(l, now, present_ms(l.last_now)));
  });
  for (open_lease* each : over)
    close(*each);
  for (reserve_op* op : late) {
    fail(*op);
    op->waiter.resume();
  }
}

// The last step of one that nobody uses: Redis forgets it, and so does the desk when that is known.
void limit_line::close(open_lease& l) {
  if (l.never_lent() || l.closing)
    return desk_->forget(l);
  l.closing = true;
  take_step(l, last_step(l));
}

loan_step limit_line::last_step(open_lease& l) const {
  loan_step last;
  last.sequence = l.step.sequence + 1;
  last.requests_used = l.local.take_requests_used();
  last.returned = l.local.take_free();
  return last;
}

void limit_line::bring_leases_home() {
  if (!desk_)
    return;
  desk_->for_each([&](open_lease& l) {
    if (l.step_open)
      l.home_after = true;
    else
      take_step(l, desk_->bringing_home(l));
  });
}

void limit_line::write_last_steps(batch& to) {
  if (!desk_)
    return;
  desk_->for_each([&](open_lease& l) {
    if (l.step_open)
      to.add(step_call(l)); // its answer is not known; told twice, it counts once
    if (l.never_lent() || l.closing)
      return;
    l.closing = true;
    l.step = last_step(l);
    to.add(step_call(l));
  });
}

} // namespace proxy::stores::redis
