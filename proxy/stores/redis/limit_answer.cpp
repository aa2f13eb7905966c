// Judging answers.
#include "proxy/stores/redis/limit_answer.hpp"

#include <algorithm>

#include "proxy/stores/least_left.hpp"

namespace proxy::stores::redis {

namespace limits = policies::limits;

std::optional<limit_answer> read_answer(const redisReply& with) {
  const auto items = items_of(with);
  if (items.size() < 3)
    return std::nullopt;
  const auto what = number_of(*items[0]);
  const auto now = number_of(*items[1]);
  if (!what || !now || *what < 1 || *what > 3)
    return std::nullopt;
  limit_answer made;
  made.what = static_cast<limit_answer::verdict>(*what);
  made.now = policies::instant{policies::milliseconds{*now}};
  if (made.what == limit_answer::verdict::too_late)
    return made;
  if (items.size() < 5 || items.size() > 4 + made.states.size())
    return std::nullopt;
  if (made.what == limit_answer::verdict::held) {
    const auto held = unpack_hold(text_of(*items[3]));
    if (!held)
      return std::nullopt;
    made.held = *held;
  }
  for (const redisReply* item : items.subspan(4)) {
    const auto state = unpack_state(text_of(*item));
    if (!state)
      return std::nullopt;
    made.states[made.count++] = *state;
  }
  return made;
}

bool answers(const redisReply& with, std::string_view id) {
  const auto items = items_of(with);
  return items.size() >= 3 && text_of(*items[2]) == id;
}

answered_chain::answered_chain(const keys::key_chain& chain, limit_answer& answer)
    : count_(std::min(answer.count, chain.length)), now_(answer.now) {
  for (std::size_t i = 0; i < count_; ++i)
    all_[i] = {&chain.records[i]->limits, &answer.states[i]};
}

answered_chain::answered_chain(std::span<const limits::limit_set> sets, limit_answer& answer)
    : count_(std::min(answer.count, sets.size())), now_(answer.now) {
  for (std::size_t i = 0; i < count_; ++i)
    all_[i] = {&sets[i], &answer.states[i]};
}

limits::remaining answered_chain::least_left() const {
  return stores::least_left(view(), now_);
}

std::optional<limits::limit_refusal> answered_chain::why_not(const limits::ask& wanted) {
  const auto result = limits::reserve(view(), wanted, now_);
  const auto* refusal = std::get_if<limits::limit_refusal>(&result);
  return refusal ? std::optional{*refusal} : std::nullopt;
}

std::optional<limits::limit_refusal> answered_chain::why_not_more(const limits::ask& wanted,
                                                                  const limits::hold& held) {
  limits::hold copy = held;
  return limits::extend(view(), copy, wanted, now_);
}

} // namespace proxy::stores::redis
