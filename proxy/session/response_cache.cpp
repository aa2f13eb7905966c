// A list in order of use and an index over it, under one lock.
#include "proxy/session/response_cache.hpp"

namespace proxy::session {

std::shared_ptr<const kept_answer> response_cache::find(const digest& request,
                                                        policies::instant now) {
  const std::lock_guard guard(lock_);
  const auto found = by_request_.find(request);
  if (found == by_request_.end())
    return nullptr;
  if (found->second->until <= now) {
    drop(found->second);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->answer;
}

void response_cache::keep(const digest& request, std::shared_ptr<const kept_answer> answer,
                          policies::instant until) {
  constexpr std::size_t around = sizeof(entry) + 128; // nodes of list and index
  const std::size_t bytes = answer->body.size() + answer->content_type.size() + around;
  const std::lock_guard guard(lock_);
  if (bytes > bytes_max_)
    return;
  if (const auto known = by_request_.find(request); known != by_request_.end())
    drop(known->second);
  entries_.push_front({request, std::move(answer), until, bytes});
  by_request_[request] = entries_.begin();
  bytes_ += bytes;
  while (bytes_ > bytes_max_)
    drop(std::prev(entries_.end()));
}

std::size_t response_cache::bytes() const {
  const std::lock_guard guard(lock_);
  return bytes_;
}

void response_cache::drop(order::iterator which) {
  bytes_ -= which->bytes;
  by_request_.erase(which->request);
  entries_.erase(which);
}

} // namespace proxy::session
