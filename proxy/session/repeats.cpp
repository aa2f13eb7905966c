// One map under one lock, swept as it is used.
#include "proxy/session/repeats.hpp"

namespace proxy::session {

void repeated_answers::make_room(policies::instant now) {
  while (!ended_.empty() && (ended_.front().at + kept_for <= now || bytes_ > bytes_max)) {
    bytes_ -= ended_.front().bytes;
    entries_.erase(ended_.front().name);
    ended_.pop_front();
  }
}

bool repeated_answers::knows(const digest& name, policies::instant now) {
  const std::lock_guard guard(lock_);
  make_room(now);
  return entries_.contains(name);
}

repeated_answers::found repeated_answers::claim(const digest& name, const digest& request,
                                                policies::instant now) {
  const std::lock_guard guard(lock_);
  make_room(now);
  const auto [at, fresh] = entries_.try_emplace(name, entry{request, nullptr});
  if (fresh)
    return {standing::first, nullptr};
  if (at->second.request != request)
    return {standing::other, nullptr};
  if (!at->second.answer)
    return {standing::running, nullptr};
  return {standing::done, at->second.answer};
}

void repeated_answers::keep(const digest& name, std::shared_ptr<const kept_answer> answer,
                            policies::instant now) {
  const std::lock_guard guard(lock_);
  const auto at = entries_.find(name);
  if (at == entries_.end())
    return;
  const std::size_t bytes = answer->body.size() + sizeof(entry);
  at->second.answer = std::move(answer);
  ended_.push_back({now, name, bytes});
  bytes_ += bytes;
  make_room(now);
}

void repeated_answers::forget(const digest& name) {
  const std::lock_guard guard(lock_);
  const auto at = entries_.find(name);
  if (at != entries_.end() && !at->second.answer)
    entries_.erase(at);
}

} // namespace proxy::session
