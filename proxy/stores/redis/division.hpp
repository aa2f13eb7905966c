// While Redis is away: keys that have limits a minute and no others go on at this node's part of
// each limit, in this process's memory. A part starts without a burst, for what Redis had granted
// before is not known here.
#pragma once

#include "proxy/stores/limit_store.hpp"

namespace proxy::stores::redis {

// Neither money nor concurrency is limited on the key or any parent.
bool divisible(keys::key_slot& key);

struct share_of_limits {
  std::int64_t nodes = 1; // known when Redis was last there
  policies::instant since{};
};
void reserve_divided(reserve_op& op, const share_of_limits& share);
void extend_divided(reserve_op& op, const share_of_limits& share);
void settle_divided(keys::key_slot& key, const policies::limits::hold& held,
                    const policies::limits::actuals& used, std::int64_t nodes,
                    policies::instant now);
void cancel_divided(keys::key_slot& key, const policies::limits::hold& held, std::int64_t nodes,
                    policies::instant now);

} // namespace proxy::stores::redis
