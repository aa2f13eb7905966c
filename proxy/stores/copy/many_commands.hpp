// Commands to Redis of which there may be millions: they go out some hundred at a time.
#pragma once

#include <algorithm>
#include <optional>

#include "proxy/stores/redis/blocking_client.hpp"

namespace proxy::stores::copy {

class many_commands {
 public:
  explicit many_commands(redis::blocking_client& by) : by_(by) {}
  template <class... Text>
  void add(const Text&... words) {
    open_.add(words...);
    if (open_.size() >= a_step)
      send();
  }
  // The first failure there was.
  outcome<void> end() {
    send();
    return why_ ? outcome<void>{*why_} : outcome<void>{};
  }

 private:
  static constexpr std::size_t a_step = 500;

  void send() {
    if (open_.size() == 0 || why_)
      return;
    const auto replies = by_.run(open_);
    open_ = {};
    if (!replies) {
      why_ = replies.error();
      return;
    }
    for (const redis::reply& each : *replies)
      if (redis::is_error(*each) && !why_)
        why_ = redis::refused_by_redis(*each);
  }

  redis::blocking_client& by_;
  redis::batch open_;
  std::optional<failure> why_;
};

} // namespace proxy::stores::copy
