// Where a deadline lies on the ring, and one round of the hand.
#include "proxy/io/deadline_wheel.hpp"

#include <algorithm>

namespace proxy::io {

// Far deadlines are spread, or a crowd that came at once would be looked at at once for ever.
void deadline_wheel::place(timed& what) {
  const std::int64_t farthest = tick_ + size - 1 - spread_;
  if (what.due_ / tick_ms > farthest)
    spread_ = (spread_ + 1) % (size / 2);
  put(what, std::clamp(what.due_ / tick_ms, tick_, farthest));
}

void deadline_wheel::put(timed& what, std::int64_t tick) {
  what.slot_ = tick;
  slots_[static_cast<std::size_t>(tick % size)].push_front(what);
}

void deadline_wheel::collect(deadline now, std::vector<timed*>& due) {
  const std::int64_t last = now / tick_ms;
  // Again from the last tick on, of which a part may have been to come; all of the ring at most.
  std::int64_t tick = std::max(tick_, last - size + 1);
  tick_ = last;
  for (; tick <= last; ++tick)
    slots_[static_cast<std::size_t>(tick % size)].for_each([&](list_node& node) {
      auto& what = static_cast<timed&>(node);
      if (what.due_ <= now) {
        due.push_back(&what);
        intrusive_list::unlink(what);
        put(what, last + 1);
      } else if (what.due_ / tick_ms > last || what.slot_ != last) {
        intrusive_list::unlink(what);
        place(what);
      }
    });
}

} // namespace proxy::io
