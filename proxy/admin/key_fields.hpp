// The fields that owners write, by name: JSON into a key record. What may stand in each of them is
// field_values' business.
#pragma once

#include <optional>
#include <string_view>

#include <boost/json.hpp>

#include "policies/keys/key_record.hpp"
#include "proxy/admin/message.hpp"

namespace proxy::admin {

// What a new key starts from: a group may all, a key under others no more than they may.
struct starting_point {
  bool is_group = false;
  std::vector<const policies::keys::key_record*> chain{};
};

// A new key: the type's defaults, then the owner's own fields. Identity, secret, times and parent
// are the caller's.
answer<policies::keys::key_record> record_of(const boost::json::object& fields,
                                             const starting_point& from);
// A new key of the admin plane.
answer<policies::keys::key_record> admin_record_of(const boost::json::object& fields);

// Changes what is named and nothing else; null clears; members of rate_limits are merged one by
// one. On a problem the record is as it was.
std::optional<problem> change(policies::keys::key_record& record,
                              const boost::json::object& fields);

} // namespace proxy::admin
