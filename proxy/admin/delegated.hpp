// Calls about keys that come by the data plane: the same table and the same handlers, narrowed to
// what is below the key that calls.
#pragma once

#include "proxy/admin/admin_server.hpp"
#include "proxy/admin/issued.hpp"

namespace proxy::admin {

// Never throws. Authentication and limits are the data plane's.
reply answer_delegated(const admin_context& context, issued_answers& issued,
                       const delegated_call& call);

} // namespace proxy::admin
