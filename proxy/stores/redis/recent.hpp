// What went on lately at all proxies, in two trimmed streams beside the sums: requests that went
// wrong, and how much each key did. For eyes only: nothing is decided by it, and what cannot be
// written is left out.
#pragma once

#include <optional>
#include <vector>

#include "proxy/journal/keeper.hpp"
#include "proxy/stores/key_store.hpp"
#include "proxy/stores/redis/blocking_client.hpp"

namespace proxy::stores::redis {

// What a part of a lane adds to the streams, once it is in the sums.
void add_recent(batch& to, std::uint64_t node, const journal::batch& part);

struct errors_wanted {
  std::optional<policies::key_id> key;
  std::int64_t from_ms = 0;
  std::size_t count_max = 0;
};
// Both leave out what `node` itself wrote, which its journal knows better. Newest first:
outcome<std::vector<journal::entry>> errors_elsewhere(blocking_client& by, std::uint64_t node,
                                                      const errors_wanted& which);
// Since `from_ms`, which is at most a minute ago; in no order, a key may come more than once.
outcome<std::vector<key_store::key_minute>> used_elsewhere(blocking_client& by, std::uint64_t node,
                                                           std::int64_t from_ms);

} // namespace proxy::stores::redis
