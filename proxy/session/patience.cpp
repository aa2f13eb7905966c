// Waiting instead of a 429 (max_wait_ms): first come, first served, within bounds. Each attempt is
// an ordinary one: limits hold as they do without a line.
#include "proxy/session/patience.hpp"

namespace proxy::session {

using policies::milliseconds;
using policies::admission::refusal_code;

patience::patience(conversation& c) : c_(c), holds_(c.x.ledger.held) {
  const std::uint32_t most = c.x.key->record.load()->max_wait_ms;
  if (most == 0)
    return;
  until_ = c.my.loop.in(milliseconds{most});
  place_ = {.key = c.x.key->id, .loop = &c.my.loop};
}

patience::~patience() {
  if (entered_)
    c_.my.shared.line.leave(place_);
}

bool patience::must_wait() const {
  return until_ != 0 && (entered_ || (!holds_ && c_.my.shared.line.anyone(place_.key)));
}

bool patience::may_wait() {
  if (until_ == 0)
    return false;
  const auto& why = *c_.x.refusal;
  if (why.code != refusal_code::rate_limit_exceeded || !why.should_retry)
    return false;
  if (c_.my.loop.now() + why.retry_after.value_or(milliseconds{0}).count() > until_)
    return false;
  return entered_ || enter();
}

bool patience::enter() {
  entered_ = c_.my.shared.line.enter(place_, holds_);
  if (entered_)
    c_.my.count.waited.add();
  return entered_;
}

step patience::give_up() {
  c_.my.count.waited_in_vain.add();
  if (c_.x.refusal)
    return step::refuse;
  c_.x.refuse_with(refusal_code::rate_limit_exceeded,
                   "Rate limit reached, and the line of requests that wait for it is too long. "
                   "(refused by deepseek-proxy)");
  c_.x.refusal->retry_after = milliseconds{1000};
  return step::refuse;
}

io::task<step> patience::wait() {
  waiting_line& line = c_.my.shared.line;
  if (!entered_ && !enter())
    co_return give_up();
  io::reactor& loop = c_.my.loop;
  bool tried = c_.x.refusal.has_value(); // at this very moment: not again before the next tick
  while (loop.now() < until_) {
    if (!tried && line.is_first(place_)) {
      c_.x.refusal.reset();
      co_return step::go_on;
    }
    tried = false;
    const io::deadline next = std::min(until_, loop.now() + 1);
    waiting_line::sleep sleeping{line, place_, loop.sleep(next)};
    co_await sleeping;
    if (loop.stopping() || c_.client.peer_closed()) {
      c_.x.client_gone = true;
      co_return step::drop;
    }
  }
  co_return give_up();
}

} // namespace proxy::session
