// Events as they happen, for all who listen (server-sent events): one look a second whoever
// listens, and none where nobody does. The admin plane's thread alone.
// https://html.spec.whatwg.org/multipage/server-sent-events.html
#pragma once

#include <chrono>
#include <string_view>
#include <vector>

#include "proxy/admin/event_list.hpp"
#include "proxy/admin/message.hpp"

namespace proxy::admin {

class event_feed {
 public:
  static constexpr std::size_t listeners_max = 32;

  // What happens from now on, or after the event of that id; refused where too many listen.
  // Outlives the listeners.
  answer<reply> listen(const admin_context& context, std::string_view last_event_id);

 private:
  class listener;
  // The last minutes' events, newest first.
  const std::vector<listed_event>& lately(const admin_context& context);

  std::size_t listeners_ = 0;
  std::vector<listed_event> found_;
  std::chrono::steady_clock::time_point next_look_{};
};

} // namespace proxy::admin
