// Who waits until when: a ring of slots of one tick each, so that a tick looks at those whose time
// may have come, not at every connection there is. Putting a deadline off costs nothing: who is
// found too early is moved on then. Knows no clock, no descriptor, and what nobody's deadline is
// for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "proxy/io/intrusive_list.hpp"

namespace proxy::io {

// A point on the reactor's clock in milliseconds, good to tick_ms.
using deadline = std::int64_t;
inline constexpr deadline no_deadline = INT64_MAX;
inline constexpr int tick_ms = 100;

class timed : public list_node {
 public:
  deadline due() const { return due_; }

 private:
  friend class deadline_wheel;
  deadline due_ = no_deadline;
  std::int64_t slot_ = 0; // the tick at which it is looked at
};

class deadline_wheel {
 public:
  void add(timed& what) {
    ++count_;
    place(what);
  }
  void remove(timed& what) {
    --count_;
    intrusive_list::unlink(what);
  }
  // Of one that was added, or is still to be.
  void set(timed& what, deadline due) {
    what.due_ = due;
    if (due / tick_ms < what.slot_ && what.linked()) {
      intrusive_list::unlink(what);
      place(what);
    }
  }

  // Appends those whose time has come; they are told again at the next tick, unless it is put off.
  // `now` never goes back.
  void collect(deadline now, std::vector<timed*>& due);

  bool empty() const { return count_ == 0; }
  template <class Visit>
  void for_each(Visit visit) {
    for (intrusive_list& slot : slots_)
      slot.for_each([&](list_node& node) { visit(static_cast<timed&>(node)); });
  }

 private:
  static constexpr std::int64_t size = 256; // 25.6 s: who waits for longer is looked at meanwhile
  void place(timed& what);
  void put(timed& what, std::int64_t tick);

  std::array<intrusive_list, static_cast<std::size_t>(size)> slots_;
  std::int64_t tick_ = 0; // the last one that was looked at
  std::int64_t spread_ = 0;
  std::size_t count_ = 0;
};

} // namespace proxy::io
