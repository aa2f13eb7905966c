// Deciding about leases.
#include "proxy/stores/redis/lease_desk.hpp"

#include "policies/limits/calendar.hpp"

namespace proxy::stores::redis {

namespace limits = policies::limits;
using limits::loan_step;
using limits::portion;

namespace {

constexpr std::int64_t exact_ms = 100; // until a lease is asked for again where little remained
constexpr io::deadline idle_ms = 200;  // then everything is brought back
constexpr io::deadline tell_ms = 100;  // requests that were admitted are told so soon
constexpr io::deadline renew_ms = 30'000;
constexpr io::deadline forget_ms = 60'000;

std::int64_t day_at(std::int64_t at_ms) {
  return limits::day_of(policies::instant{policies::milliseconds{at_ms}});
}

// What can be taken on top of what is left at Redis.
void add_free(limits::remaining& left, const portion& free) {
  if (left.requests)
    *left.requests += std::max<std::int64_t>(0, free.requests);
  if (left.tokens_left)
    *left.tokens_left += std::max<std::int64_t>(0, free.held_tokens.value);
  if (left.money_left)
    *left.money_left += std::max(policies::nano_usd{}, free.money);
}

portion larger(const portion& a, const portion& b) {
  return portion::each(a, b, [](std::int64_t x, std::int64_t y) { return std::max(x, y); });
}

} // namespace

std::uint32_t lease_surroundings::new_number() {
  for (;;)
    if (const std::uint32_t number = next_number.fetch_add(1); number > divided_number)
      return number;
}

bool open_lease::lent_by_these_limits() const {
  std::size_t i = 0;
  for (const keys::key_slot* each = key; each && i < versions.size(); each = each->parent, ++i)
    if (each->record.load()->version != versions[i])
      return false;
  return true;
}

void open_lease::note_limits() {
  std::size_t i = 0;
  for (const keys::key_slot* each = key; each && i < versions.size(); each = each->parent, ++i)
    versions[i] = each->record.load()->version;
}

open_lease& lease_desk::of(keys::key_slot& key) {
  std::unique_ptr<open_lease>& found = all_[&key];
  if (!found)
    found = std::make_unique<open_lease>(key, around_.new_number());
  return *found;
}

open_lease* lease_desk::find(keys::key_slot& key, std::uint32_t number) {
  const auto found = all_.find(&key);
  return found != all_.end() && found->second->local.number() == number ? found->second.get()
                                                                        : nullptr;
}

void lease_desk::make_void(open_lease& lost) {
  lost.local = limits::lease{around_.new_number()};
  lost.step = {};
  lost.step_open = lost.closing = false;
  lost.stands = nullptr;
}

bool lease_desk::serve(open_lease& from, reserve_op& op, bool extends, std::int64_t at_ms) {
  const std::int64_t day = day_at(at_ms);
  if (extends) {
    if (!from.local.extend(op.hold, op.ask, day))
      return false;
  } else {
    const auto held = from.local.take(op.ask, day);
    if (!held)
      return false;
    op.hold = *held;
  }
  op.result = reserve_op::status::held;
  op.stands = from.stands;
  op.left = from.left;
  add_free(op.left, from.local.free());
  return true;
}

loan_step lease_desk::next(open_lease& l, const portion& returned) const {
  loan_step step;
  step.sequence = l.step.sequence + 1;
  step.requests_used = l.local.take_requests_used();
  step.returned = returned;
  step.parts = around_.parts();
  return step;
}

std::optional<loan_step> lease_desk::asking(open_lease& l, const limits::ask* need,
                                            std::int64_t at_ms) const {
  const portion recent = l.recent.at(at_ms);
  if (l.closing || at_ms < l.exact_until_ms || recent.requests < limits::demand_requests_min)
    return std::nullopt;
  const bool other_limits = !l.lent_by_these_limits();
  portion wanted = limits::chunk_for(recent, other_limits ? portion{} : l.local.free());
  if (!need && wanted.empty())
    return std::nullopt;
  loan_step step = next(l, other_limits ? l.local.take_free() : portion{});
  if (need) {
    step.least = limits::without_debt(portion_of(*need) - l.local.free());
    wanted = larger(wanted, step.least);
  }
  step.wanted = wanted;
  return step;
}

std::optional<loan_step> lease_desk::bringing_home(open_lease& l) const {
  if (l.never_lent() || (l.local.free().empty() && l.local.requests_used() == 0))
    return std::nullopt;
  return next(l, l.local.take_free());
}

std::optional<loan_step> lease_desk::tidying(open_lease& l, io::deadline now,
                                             std::int64_t at_ms) const {
  if (l.never_lent())
    return std::nullopt;
  if (now - l.used_at >= idle_ms)
    if (auto home = bringing_home(l))
      return home;
  const portion surplus = limits::surplus_of(l.recent.at(at_ms), l.local.free());
  if (!surplus.empty() && now - l.stepped_at >= tell_ms)
    return next(l, l.local.give_up(surplus));
  if ((l.local.requests_used() > 0 && now - l.stepped_at >= tell_ms) ||
      (l.local.flying() > 0 && now - l.stepped_at >= renew_ms))
    return next(l, {});
  return std::nullopt;
}

bool lease_desk::ended(const open_lease& l, io::deadline now) const {
  return now - l.used_at >= forget_ms && l.local.flying() == 0 && !l.step_open && l.waiting.empty();
}

} // namespace proxy::stores::redis
