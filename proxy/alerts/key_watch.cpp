// Reading and keeping.
#include "proxy/alerts/key_watch.hpp"

#include <algorithm>

#include "policies/limits/calendar.hpp"

namespace proxy::alerts {

namespace insight = policies::insight;
using policies::instant;
using policies::nano_usd;

namespace {

std::int64_t hour_of(instant at) {
  return std::chrono::floor<std::chrono::hours>(at).time_since_epoch().count();
}
std::int64_t minute_of(instant at) {
  return std::chrono::floor<std::chrono::minutes>(at).time_since_epoch().count();
}

} // namespace

void key_watch::refused(std::uint64_t key, std::int64_t number, const refusals& more) {
  auto& minutes = keys_[key].minutes;
  auto found = std::ranges::find(minutes, number, &one_minute::number);
  if (found == minutes.end())
    found = minutes.insert(minutes.end(), {number, {}});
  found->sums.forbidden += more.forbidden;
  found->sums.limited += more.limited;
}

// Whole hours do not change any more once the next one has begun and was read: the hour that was
// running at the last look is read again.
void key_watch::read_hours(one_key& of, const policies::keys::key_record& key, instant now) const {
  const std::int64_t hour = hour_of(now);
  const std::int64_t oldest = hour - insight::hours_looked_at + 1;
  if (of.read_from == 0) {
    of.past = insight::history{hour_of(key.created), hour};
    of.read_from = oldest;
  }
  of.past.move_to(hour);
  const std::int64_t from = std::max(of.read_from, oldest);
  for (std::int64_t each = from; each <= hour; ++each)
    of.past.clear(each);
  of.hour = {};
  for (const stores::usage_row& row : store_.usage(key.id, {from, hour + 1})) {
    of.past.add(row.hour, row.sums.requests, row.sums.cost_nano);
    if (row.hour != hour)
      continue;
    of.hour.requests += row.sums.requests;
    of.hour.errors += row.sums.errors;
  }
  of.read_from = hour;
}

insight::recent_refusals key_watch::recent(one_key& of, instant now) const {
  const std::int64_t minute = minute_of(now);
  std::erase_if(of.minutes, [&](const auto& each) { return each.number <= minute - 60; });
  insight::recent_refusals out;
  for (const auto& each : of.minutes) {
    if (each.number > minute - 5)
      out.forbidden += each.sums.forbidden;
    out.limited += each.sums.limited;
    out.limited_minutes += each.sums.limited > 0 ? 1 : 0;
  }
  return out;
}

insight::verdicts key_watch::judge(const policies::keys::key_record& key, instant now,
                                   const insight::rule_settings& by) {
  one_key& of = keys_[key.id.value];
  of.used = now;
  read_hours(of, key, now);
  const auto state = store_.state(key.id, now);
  const auto spent = [](const auto& window, std::int64_t id) {
    return window.id == id ? window.spent : nano_usd{};
  };
  const insight::key_facts facts{.key = key,
                                 .now = now,
                                 .past = of.past,
                                 .hour = of.hour,
                                 .refused = recent(of, now),
                                 .month_spent = spent(state.month, policies::limits::month_of(now)),
                                 .day_spent = spent(state.day, policies::limits::day_of(now)),
                                 .total_spent = state.total.spent};
  auto out = insight::judge(facts, by);
  forget_old();
  return out;
}

// A tenth at once, so that it is seldom done.
void key_watch::forget_old() {
  if (keys_.size() <= keys_max_)
    return;
  std::vector<instant> uses;
  for (const auto& [key, each] : keys_)
    uses.push_back(each.used);
  const auto tenth = uses.begin() + static_cast<std::ptrdiff_t>(uses.size() / 10);
  std::ranges::nth_element(uses, tenth);
  std::erase_if(keys_, [oldest = *tenth](const auto& each) { return each.second.used <= oldest; });
}

} // namespace proxy::alerts
