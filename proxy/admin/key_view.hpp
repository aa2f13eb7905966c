// A key record as the owner reads it. No secret and no hash is in it.
#pragma once

#include <optional>

#include <boost/json.hpp>

#include "policies/keys/key_record.hpp"

namespace proxy::admin {

// What the owner sets: the fields that create and PATCH take, with status.
boost::json::object settings_view(const policies::keys::key_record& record);
// All of it.
boost::json::object key_view(const policies::keys::key_record& record,
                             std::optional<policies::instant> last_used);

// {"name": {"from": …, "to": …}} of what differs; members of rate_limits by themselves.
boost::json::object differences(const boost::json::object& before,
                                const boost::json::object& after);

} // namespace proxy::admin
