// Holds by request id: each question answered once, each outcome counted once.
#include "policies/limits/book.hpp"

#include <algorithm>

namespace policies::limits {

instant book::present(instant now) {
  return latest_ = std::max(latest_, now);
}

book::answer book::reserve(const request_id& id, std::span<const member> chain, const ask& wanted,
                           instant not_after, instant now) {
  const instant latest = present(now);
  if (const auto known = requests_.find(id); known != requests_.end())
    return answer_of(known->second);
  if (latest > not_after)
    return too_late{};
  request& fresh = requests_[id];
  fresh.chain.assign(chain.begin(), chain.end());
  fresh.not_after = not_after;
  fresh.since = latest;
  const reserve_result result = limits::reserve(chain, wanted, now);
  if (const hold* held = std::get_if<hold>(&result)) {
    fresh.is = phase::open;
    fresh.held = *held;
  } else {
    fresh.is = phase::refused;
    fresh.refusal = std::get<limit_refusal>(result);
  }
  return answer_of(fresh);
}

book::answer book::extend(const request_id& id, const ask& wanted, instant now) {
  present(now);
  const auto known = requests_.find(id);
  if (known == requests_.end() || known->second.is != phase::open)
    return too_late{};
  request& open = known->second;
  if (!open.extended) {
    if (const auto refusal = limits::extend(open.chain, open.held, wanted, now))
      return *refusal;
    open.extended = true;
  }
  return open.held;
}

book::effect book::settle(const request_id& id, std::span<const member> chain, const hold& held,
                          const actuals& used, instant now) {
  present(now);
  const auto [known, unknown] = requests_.try_emplace(id);
  if (!unknown)
    return close(known->second, &used, now);
  // Windows as the asker's hold names them; of what it held nothing is in the states.
  const hold nothing{.month_id = held.month_id, .day_id = held.day_id};
  limits::settle(chain, nothing, used, now);
  end(known->second, phase::ended);
  return effect::unheld;
}

book::effect book::cancel(const request_id& id, instant now) {
  present(now);
  const auto [known, unknown] = requests_.try_emplace(id);
  if (!unknown)
    return close(known->second, nullptr, now);
  end(known->second, phase::ended);
  return effect::unheld;
}

// `used`: nullptr for a request that never ran.
book::effect book::close(request& known, const actuals* used, instant now) {
  const phase was = known.is;
  if (was == phase::ended || was == phase::refused)
    return effect::duplicate;
  if (was == phase::tombstone)
    correct(known.chain, known.held, known.charged, used ? *used : actuals{}, now);
  else if (used)
    limits::settle(known.chain, known.held, *used, now);
  else
    limits::cancel(known.chain, known.held, now);
  end(known, phase::ended);
  return was == phase::tombstone ? effect::corrected : effect::applied;
}

std::vector<book::expired> book::sweep(instant now) {
  const instant latest = present(now);
  std::vector<expired> swept;
  for (auto& [id, known] : requests_) {
    if (known.is != phase::open || latest - known.since <= bounds_.lifetime_max)
      continue;
    known.charged = bound_of(known.held);
    limits::settle(known.chain, known.held, known.charged, now);
    end(known, phase::tombstone);
    swept.push_back({.id = id, .held = known.held, .charged = known.charged});
  }
  std::erase_if(requests_, [&](const auto& entry) {
    const request& known = entry.second;
    const milliseconds kept = known.is == phase::refused ? milliseconds{0} : bounds_.memory_max;
    return known.is != phase::open && latest > known.not_after && latest - known.since > kept;
  });
  return swept;
}

std::optional<hold> book::held(const request_id& id) const {
  const auto known = requests_.find(id);
  if (known == requests_.end() || known->second.is != phase::open)
    return std::nullopt;
  return known->second.held;
}

std::size_t book::open_holds() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      requests_, [](const auto& entry) { return entry.second.is == phase::open; }));
}

book::answer book::answer_of(const request& known) const {
  switch (known.is) {
  case phase::open:
    return known.held;
  case phase::refused:
    if (latest_ <= known.not_after)
      return known.refusal;
    break;
  case phase::ended:
  case phase::tombstone:
    break;
  }
  return too_late{};
}

void book::end(request& known, phase is) {
  known.is = is;
  known.since = latest_;
}

} // namespace policies::limits
