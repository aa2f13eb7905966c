// Judging answers.
#include "proxy/stores/redis/limit_answer.hpp"

#include <algorithm>

#include "proxy/stores/least_left.hpp"

namespace proxy::stores::redis {

namespace limits = policies::limits;

namespace {

std::optional<seen_chain> read_chain(const redisReply& now, std::span<redisReply* const> states) {
  const auto ms = number_of(now);
  seen_chain made;
  if (!ms || states.empty() || states.size() > made.states.size())
    return std::nullopt;
  made.now = policies::instant{policies::milliseconds{*ms}};
  for (const redisReply* item : states) {
    const auto state = unpack_state(text_of(*item));
    if (!state)
      return std::nullopt;
    made.states[made.count++] = *state;
  }
  return made;
}

} // namespace

std::optional<limit_answer> read_answer(const redisReply& one) {
  using verdict = limit_answer::verdict;
  if (const auto held = unpack_hold(text_of(one)))
    return limit_answer{verdict::held, *held};
  if (one.type != REDIS_REPLY_INTEGER || (one.integer != 2 && one.integer != 3 && one.integer != 5))
    return std::nullopt;
  return limit_answer{.what = static_cast<verdict>(one.integer)};
}

std::optional<round_answer> read_round(const redisReply& with, std::size_t asked) {
  const auto items = items_of(with);
  if (items.size() < asked + 3)
    return std::nullopt;
  const auto seen = read_chain(*items[1], items.subspan(2 + asked));
  if (!seen)
    return std::nullopt;
  return round_answer{.each = items.subspan(2, asked), .seen = *seen};
}

std::optional<std::int64_t> step_code(const redisReply& with) {
  const auto items = items_of(with);
  return items.size() >= 3 ? number_of(*items[0]) : std::nullopt;
}

std::optional<lent_answer> read_lent(const redisReply& with) {
  const auto items = items_of(with);
  if (step_code(with) != 1 || items.size() < 5)
    return std::nullopt;
  const auto lent = unpack_hold(text_of(*items[3]));
  const auto seen = read_chain(*items[1], items.subspan(4));
  if (!lent || !seen)
    return std::nullopt;
  return lent_answer{*lent, *seen};
}

bool answers_round(const redisReply& with, std::uint64_t word) {
  const auto items = items_of(with);
  const std::string_view told = items.empty() ? std::string_view{} : text_of(*items[0]);
  return told.size() == 8 && static_cast<std::uint64_t>(unpack_at(told, 0)) == word;
}

bool answers_step(const redisReply& with, std::string_view lease) {
  const auto items = items_of(with);
  return items.size() >= 3 && text_of(*items[2]) == lease;
}

answered_chain::answered_chain(const keys::key_chain& chain, seen_chain seen)
    : seen_(seen), count_(std::min(seen.count, chain.length)) {
  for (std::size_t i = 0; i < count_; ++i)
    all_[i] = {&chain.records[i]->limits, &seen_.states[i]};
}

answered_chain::answered_chain(std::span<const limits::limit_set> sets, seen_chain seen)
    : seen_(seen), count_(std::min(seen.count, sets.size())) {
  for (std::size_t i = 0; i < count_; ++i)
    all_[i] = {&sets[i], &seen_.states[i]};
}

limits::remaining answered_chain::least_left() const {
  return stores::least_left(view(), seen_.now);
}

std::optional<limits::limit_refusal> answered_chain::why_not(const limits::ask& wanted) {
  const auto result = limits::reserve(view(), wanted, seen_.now);
  const auto* refusal = std::get_if<limits::limit_refusal>(&result);
  return refusal ? std::optional{*refusal} : std::nullopt;
}

std::optional<limits::limit_refusal> answered_chain::why_not_more(const limits::ask& wanted,
                                                                  const limits::hold& held) {
  limits::hold copy = held;
  return limits::extend(view(), copy, wanted, seen_.now);
}

} // namespace proxy::stores::redis
