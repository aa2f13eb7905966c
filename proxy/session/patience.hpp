// A request's place in its key's line: when it may try the limits, and until when it keeps trying.
#pragma once

#include "proxy/io/task.hpp"
#include "proxy/session/conversation.hpp"
#include "proxy/session/waiting_line.hpp"

namespace proxy::session {

// Costs keys that do not wait one comparison.
class patience {
 public:
  // A request that holds a slot already (its body came late) goes before those who wait for it.
  explicit patience(conversation& c);
  ~patience();
  patience(const patience&) = delete;
  patience& operator=(const patience&) = delete;

  // Others came first, or it was refused: wait() before the next attempt.
  bool must_wait() const;
  // After a refusal: it is by a rate that comes back in time, and there is room in the line.
  bool may_wait();
  // go_on: it is its turn. refuse: time is up. drop: the client is gone, or the loop ends.
  io::task<step> wait();

 private:
  bool enter();
  step give_up();
  conversation& c_;
  io::deadline until_ = 0; // 0: the key does not wait
  waiting_line::place place_;
  bool holds_;
  bool entered_ = false;
};

} // namespace proxy::session
