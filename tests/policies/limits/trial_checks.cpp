// What the oracle notes of each step, and every comparison with the states under test.
#include "tests/policies/limits/trial.hpp"

namespace tests {
namespace {
constexpr std::int64_t units = 60'000;
}

policies::request_id trial::id_of(std::uint64_t number) {
  policies::request_id id;
  for (std::size_t i = 0; i < 8; ++i)
    id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  return id;
}

std::vector<limits::member> trial::links(const std::vector<std::size_t>& chain) {
  std::vector<limits::member> linked;
  for (const std::size_t k : chain)
    linked.push_back(keys_[k].link());
  return linked;
}

std::int64_t trial::present(const std::vector<std::size_t>& chain, instant now) {
  std::int64_t ms = now.time_since_epoch().count();
  for (const std::size_t k : chain)
    ms = std::max(ms, naive_[k].last_ms);
  return ms;
}

verdict trial::judge(const std::vector<std::size_t>& chain, const limits::ask& wanted,
                     const naive_hold* already, std::int64_t now_ms) {
  sum_up(now_ms);
  naive_judge judge{wanted, already, now_ms};
  for (std::size_t i = 0; i < chain.size(); ++i)
    judge.hear(i, naive_[chain[i]], now_ms);
  return judge.result();
}

void trial::check_refusal(const limits::limit_refusal& told, const verdict& expected) {
  const auto& all = expected.objections;
  must(!all.empty(), "refused without an objection");
  const auto match = std::ranges::find_if(all, [&](const objection& o) {
    return o.kind == told.kind && o.member == told.member && o.never == told.never_fits;
  });
  must(match != all.end(), "refused for another limit");
  must(told.never_fits == std::ranges::any_of(all, &objection::never), "never_fits comes first");
  if (!told.never_fits)
    must(match->spent == std::ranges::any_of(all, &objection::spent), "spent money comes second");
  const bool lasting = std::ranges::any_of(all, [](const objection& o) {
    return o.never || (o.spent && o.kind == limits::limit_kind::total_spending_limit);
  });
  if (lasting)
    must(told.retry_after == 0ms, "a promise that cannot be kept");
  must(told.retry_after >= 0ms, "a wait into the past");
}

void trial::check_wait(const std::vector<std::size_t>& chain, const limits::ask& wanted,
                       instant now, const std::vector<limits::limit_state>& before,
                       const limits::limit_refusal& told) {
  ++exact_waits;
  const auto admitted_at = [&](instant then, bool after_refusal) {
    std::vector<limits::limit_state> states;
    std::vector<limits::member> linked;
    for (std::size_t i = 0; i < chain.size(); ++i)
      states.push_back(after_refusal ? keys_[chain[i]].state : before[i]);
    for (std::size_t i = 0; i < chain.size(); ++i)
      linked.push_back({&keys_[chain[i]].limits, &states[i]});
    return std::holds_alternative<limits::hold>(limits::reserve(linked, wanted, then));
  };
  must(told.retry_after > 0ms, "no wait told");
  must(admitted_at(now + told.retry_after, true), "not admitted at the instant told");
  must(!admitted_at(now + told.retry_after - 1ms, true), "admitted before the instant told");
  must(!admitted_at(now + told.retry_after - 1ms, false), "the refusal took something");
}

// The one promise of all: nothing is admitted that takes settled + held past the limit in force.
void trial::check_admission(const std::vector<std::size_t>& chain, const limits::ask& wanted,
                            bool extended) {
  sum_up(0);
  for (const std::size_t k : chain) {
    const naive_key& n = naive_[k];
    const limits::limit_set& l = n.limits;
    const window_ids now = windows_at(n.last_ms);
    if (l.monthly)
      must(spent_in(n.spent_by_month, now.month) + n.held.month <= l.monthly->value, "month");
    if (l.daily)
      must(spent_in(n.spent_by_day, now.day) + n.held.day <= l.daily->value, "day");
    if (l.total)
      must(n.spent + n.held.total <= l.total->value, "total");
    if (l.tokens_per_minute) {
      const std::int64_t capacity = l.burst_tokens.value_or(*l.tokens_per_minute);
      must(n.tokens.level() + n.held.tokens * units <= capacity * units, "tokens");
      must(wanted.risk_tokens.value == 0 || n.held.risk <= 10 * *l.tokens_per_minute, "debt");
    }
    if (extended)
      continue;
    if (l.requests_per_minute) {
      const std::int64_t capacity = l.burst_requests.value_or(*l.requests_per_minute);
      must(n.requests.level() + n.held.requests * units <= capacity * units, "requests");
    }
    must(!l.concurrent_requests || n.held.slots <= *l.concurrent_requests, "slots");
  }
}

void trial::note_refusal(const std::vector<std::size_t>& chain, std::int64_t now_ms) {
  const auto deep = [](const naive_meter& m, const std::optional<std::int64_t>& rate) {
    return rate && m.level() > *rate * 3'600'000;
  };
  for (const std::size_t k : chain) {
    naive_key& n = naive_[k];
    if (deep(n.requests, n.limits.requests_per_minute) ||
        deep(n.tokens, n.limits.tokens_per_minute))
      n.pass_until(now_ms);
  }
}

void trial::note_dispatch(naive_hold& held, std::int64_t now_ms) {
  for (const std::size_t k : held.chain) {
    naive_[k].requests.use(1, naive_[k].limits.requests_per_minute);
    naive_[k].ledger.push_back({now_ms, now_ms, true, 0, 0});
  }
  held.requests = 0;
}

void trial::note_outcome(naive_hold& held, std::int64_t used, std::int64_t cost,
                         std::int64_t now_ms) {
  for (const std::size_t k : held.chain)
    naive_[k].pass_until(now_ms);
  if (held.requests > 0)
    note_dispatch(held, now_ms);
  held.rows.clear();
  for (const std::size_t k : held.chain) {
    naive_key& n = naive_[k];
    n.tokens.use(used, n.limits.tokens_per_minute);
    n.spend(held.made_ms, cost);
    held.rows.push_back(n.ledger.size());
    n.ledger.push_back({now_ms, held.made_ms, false, used, cost});
  }
}

void trial::note_truth(naive_hold& held, std::int64_t used, std::int64_t cost,
                       std::int64_t now_ms) {
  for (std::size_t i = 0; i < held.chain.size(); ++i) {
    naive_key& n = naive_[held.chain[i]];
    n.pass_until(now_ms);
    naive_row& charged = n.ledger[held.rows[i]];
    n.spend(held.made_ms, cost - charged.cost);
    charged.cost = cost;
    const std::int64_t more = std::max<std::int64_t>(0, used - charged.used);
    n.tokens.use(more, n.limits.tokens_per_minute);
    n.ledger.push_back({now_ms, held.made_ms, false, more, 0});
  }
}

void trial::end(std::uint64_t number, bool tombstone) {
  recent.push_back({number, open.at(number), tombstone, latest_});
  if (recent.size() > 100)
    recent.erase(recent.begin());
  open.erase(number);
  since_.erase(number);
}

// After a crash: the state from the ledger, by policies/ and by the oracle.
void trial::rebuild(std::size_t k) {
  naive_key& n = naive_[k];
  naive_key fresh{.limits = n.limits};
  limits::limit_state state;
  for (const naive_row& row : n.ledger) {
    const instant when{milliseconds{row.at_ms}}, started{milliseconds{row.started_ms}};
    fresh.pass_until(row.at_ms);
    if (row.admission) {
      limits::fold_admission(state, n.limits, when);
      fresh.requests.use(1, n.limits.requests_per_minute);
    } else {
      limits::fold_outcome(state, n.limits,
                           {started, when, {tokens{row.used}, nano_usd{row.cost}}});
      fresh.tokens.use(row.used, n.limits.tokens_per_minute);
      fresh.spend(row.started_ms, row.cost);
    }
  }
  must(fresh.spent == n.spent, "the ledger's sum is not what was spent");
  must(fresh.spent_by_month == n.spent_by_month, "the ledger's months are not what was spent");
  must(fresh.spent_by_day == n.spent_by_day, "the ledger's days are not what was spent");
  must(state.total.spent.value == n.spent, "the rebuilt sum is not the ledger's");
  fresh.ledger = std::move(n.ledger);
  n = std::move(fresh);
  keys_[k].state = state;
}

void trial::sum_up(std::int64_t now_ms) {
  std::array<window_ids, key_count> now;
  for (std::size_t k = 0; k < key_count; ++k) {
    now[k] = windows_at(std::max(naive_[k].last_ms, now_ms));
    naive_[k].held = {};
  }
  for (const auto& [number, held] : open) {
    const window_ids made = windows_at(held.made_ms);
    for (const std::size_t k : held.chain) {
      naive_sums& sums = naive_[k].held;
      sums.requests += held.requests;
      sums.slots += held.slots;
      sums.tokens += held.tokens;
      sums.risk += held.risk;
      sums.month += made.month == now[k].month ? held.money : 0;
      sums.day += made.day == now[k].day ? held.money : 0;
      sums.total += held.money;
    }
  }
}

void trial::compare_window(const limits::money_window& window, std::int64_t id, std::int64_t held,
                           std::int64_t spent) const {
  must(window.id == id, "another window");
  must(window.held.value == held, "held is not the sum of the holds");
  must(window.spent.value == spent, "spent is not the sum of the outcomes");
}

void trial::compare() {
  sum_up(0);
  for (std::size_t k = 0; k < key_count; ++k) {
    const limits::limit_state& s = keys_[k].state;
    const naive_key& n = naive_[k];
    must(s.at_ms == n.last_ms, "another present");
    must(s.requests.held == n.held.requests && s.tokens.held == n.held.tokens, "meters' holds");
    must(s.requests.level == n.requests.level(), "the level of requests");
    must(s.tokens.level == n.tokens.level(), "the level of tokens");
    must(s.slots == n.held.slots && s.tokens_at_risk == n.held.risk, "slots or risk");
    if (s.at_ms == 0)
      continue;
    const window_ids now = windows_at(s.at_ms);
    compare_window(s.month, now.month, n.held.month, spent_in(n.spent_by_month, now.month));
    compare_window(s.day, now.day, n.held.day, spent_in(n.spent_by_day, now.day));
    compare_window(s.total, 0, n.held.total, n.spent);
  }
}

void trial::all_is_out() {
  must(open.empty() && book_.open_holds() == 0, "a hold is open");
  for (const key& k : keys_) {
    const limits::limit_state& s = k.state;
    must(s.requests.held == 0 && s.tokens.held == 0 && s.tokens_at_risk == 0 && s.slots == 0,
         "something is held by nobody");
    must(s.month.held.value == 0 && s.day.held.value == 0 && s.total.held.value == 0,
         "money is held by nobody");
  }
}

} // namespace tests
