// What happened to a key, or to all of them, as one list: refusals that mean something to the
// owner, what admins did, alerts, rotations.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "proxy/admin/admin_context.hpp"

namespace proxy::admin {

struct listed_event {
  std::int64_t ms = 0;      // when it happened last
  std::string name;         // the same as long as it goes on
  boost::json::object view; // as calls answer it
};

struct event_range {
  std::int64_t from_ms = 0;
  std::size_t most = 0;
};

// Newest first.
std::vector<listed_event> list_events(const admin_context& context,
                                      std::optional<policies::key_id> whose, event_range range,
                                      policies::instant now);

} // namespace proxy::admin
