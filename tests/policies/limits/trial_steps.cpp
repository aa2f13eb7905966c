// What may happen to a hold, done to the book and to the oracle.
#include "tests/policies/limits/trial.hpp"

namespace tests {

using effect = book::effect;

void trial::change_limits(std::size_t key, const limits::limit_set& to) {
  keys_[key].limits = to;
  naive_[key].limits = to;
}

void trial::reserve(const std::vector<std::size_t>& chain, const limits::ask& wanted, instant now) {
  const std::uint64_t number = ++last_number_;
  const std::int64_t now_ms = present(chain, now);
  const verdict expected = judge(chain, wanted, nullptr, now_ms);
  std::vector<limits::limit_state> before;
  for (const std::size_t k : chain)
    before.push_back(keys_[k].state);
  const instant not_after = clock(now) + patience;
  const auto answer = book_.reserve(id_of(number), links(chain), wanted, not_after, now);
  must(book_.reserve(id_of(number), links(chain), wanted, not_after, now) == answer,
       "asked twice, answered differently");
  if (const auto* told = std::get_if<limits::limit_refusal>(&answer)) {
    ++refused;
    note_refusal(chain, now_ms);
    check_refusal(*told, expected);
    if (std::ranges::all_of(expected.objections, &objection::curable))
      check_wait(chain, wanted, now, before, *told);
    return;
  }
  ++admitted;
  const auto& held = std::get<limits::hold>(answer);
  must(expected.objections.empty(), "admitted against an objection");
  must(held.money.value == expected.granted, "granted other money than is unheld");
  naive_hold& noted = open[number];
  noted = {.chain = chain,
           .made_ms = now_ms,
           .requests = wanted.provisional ? wanted.requests : 0,
           .slots = wanted.slots,
           .tokens = wanted.held_tokens.value,
           .risk = wanted.risk_tokens.value,
           .money = held.money.value};
  since_[number] = latest_;
  for (const std::size_t k : chain)
    naive_[k].pass_until(now_ms);
  if (!wanted.provisional)
    note_dispatch(noted, now_ms);
  check_admission(chain, wanted, false);
}

void trial::extend(std::uint64_t number, const limits::ask& wanted, instant now) {
  naive_hold& held = open.at(number);
  const std::int64_t now_ms = present(held.chain, now);
  must(held.requests > 0, "only what is provisional is extended");
  const verdict expected = judge(held.chain, wanted, &held, now_ms);
  clock(now);
  const auto answer = book_.extend(id_of(number), wanted, now);
  if (const auto* told = std::get_if<limits::limit_refusal>(&answer)) {
    note_refusal(held.chain, now_ms);
    check_refusal(*told, expected);
    return;
  }
  must(expected.objections.empty(), "extended against an objection");
  must(book_.extend(id_of(number), wanted, now) == answer, "extended twice");
  for (const std::size_t k : held.chain)
    naive_[k].pass_until(now_ms);
  held.tokens += wanted.held_tokens.value;
  held.risk += wanted.risk_tokens.value;
  held.money += expected.granted;
  held.made_ms = now_ms;
  must(std::get<limits::hold>(answer).money.value == held.money, "extended by other money");
  note_dispatch(held, now_ms);
  check_admission(held.chain, wanted, true);
}

void trial::settle(std::uint64_t number, std::int64_t used, std::int64_t cost, instant now) {
  naive_hold& held = open.at(number);
  clock(now);
  const limits::actuals figures{tokens{used}, nano_usd{cost}};
  const std::int64_t now_ms = present(held.chain, now);
  must(book_.settle(id_of(number), {}, {}, figures, now) == effect::applied, "not settled");
  must(book_.settle(id_of(number), {}, {}, figures, now) == effect::duplicate, "settled twice");
  note_outcome(held, used, cost, now_ms);
  end(number, false);
}

void trial::cancel(std::uint64_t number, instant now) {
  clock(now);
  const std::int64_t now_ms = present(open.at(number).chain, now);
  must(book_.cancel(id_of(number), now) == effect::applied, "not cancelled");
  must(book_.cancel(id_of(number), now) == effect::duplicate, "cancelled twice");
  for (const std::size_t k : open.at(number).chain)
    naive_[k].pass_until(now_ms);
  end(number, false);
}

void trial::sweep(instant now) {
  clock(now);
  const auto swept = book_.sweep(now);
  std::size_t next = 0;
  for (auto it = open.begin(); it != open.end();) {
    const auto [number, held] = *it++;
    if (latest_ - since_.at(number) <= 30min)
      continue;
    must(next < swept.size() && swept[next].id == id_of(number), "not swept in order");
    must(swept[next].charged.cost.value == held.money, "swept below its bound");
    must(swept[next].charged.used_tokens.value == held.tokens + held.risk, "swept tokens");
    ++next;
    note_outcome(open.at(number), held.tokens + held.risk, held.money, present(held.chain, now));
    end(number, true);
    ++expired;
  }
  must(next == swept.size(), "swept what is not old");
  must(book_.open_holds() == open.size(), "holds that nobody opened");
}

void trial::duplicate_reserve(std::uint64_t number, instant now) {
  const naive_hold& held = open.at(number);
  clock(now);
  const auto answer = book_.reserve(id_of(number), links(held.chain), one_request, now, now);
  must(std::get<limits::hold>(answer).money.value == held.money, "another answer");
}

void trial::cancel_before_reserve(const std::vector<std::size_t>& chain, instant now) {
  const std::uint64_t number = ++last_number_;
  const instant not_after = clock(now) + patience;
  must(book_.cancel(id_of(number), now) == effect::unheld, "cancelled what was not there");
  const auto answer = book_.reserve(id_of(number), links(chain), one_request, not_after, now);
  must(std::holds_alternative<book::too_late>(answer), "reserved after its cancel");
}

void trial::ask_too_late(const std::vector<std::size_t>& chain, instant now) {
  const instant not_after = clock(now) - 1ms;
  const auto answer =
      book_.reserve(id_of(++last_number_), links(chain), one_request, not_after, now);
  must(std::holds_alternative<book::too_late>(answer), "reserved for nobody");
}

void trial::tell_again(std::size_t index, std::int64_t used, std::int64_t cost, instant now) {
  ended& one = recent[index];
  if (!remembered(one, now)) {
    recent.erase(recent.begin() + static_cast<std::ptrdiff_t>(index));
    return;
  }
  clock(now);
  const std::int64_t now_ms = present(one.hold.chain, now);
  const auto result = book_.settle(id_of(one.number), {}, {}, {tokens{used}, nano_usd{cost}}, now);
  must(result == (one.tombstone ? effect::corrected : effect::duplicate), "told again");
  if (!one.tombstone)
    return;
  note_truth(one.hold, used, cost, now_ms);
  one.tombstone = false;
  one.since = latest_;
  ++corrected;
}

void trial::crash(instant now) {
  for (auto& [number, held] : open) // dispatched ones end as interrupted, at their bound
    if (held.requests == 0)
      note_outcome(held, held.tokens + held.risk, held.money, present(held.chain, now));
  open.clear();
  since_.clear();
  recent.clear();
  latest_ = {};
  book_ = book{{.lifetime_max = 30min, .memory_max = memory}};
  for (std::size_t k = 0; k < key_count; ++k)
    rebuild(k);
}

} // namespace tests
