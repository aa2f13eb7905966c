// The fields that owners write, by name: JSON into a key record. What may stand in each of them is
// field_values' business.
#pragma once

#include <optional>
#include <string_view>

#include <boost/json.hpp>

#include "policies/keys/key_record.hpp"
#include "proxy/admin/message.hpp"

namespace proxy::admin {

// A new key: the type's defaults, then the owner's own fields. Identity, secret and times are the
// caller's.
answer<policies::keys::key_record> record_of(const boost::json::object& fields);

// Changes what is named and nothing else; null clears; members of rate_limits are merged one by
// one. On a problem the record is as it was.
std::optional<problem> change(policies::keys::key_record& record,
                              const boost::json::object& fields);

} // namespace proxy::admin
