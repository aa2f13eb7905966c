// Changing a stored key: under If-Match, with its audit row in one transaction, answered with what
// then holds.
#pragma once

#include <string>

#include <boost/json.hpp>

#include "policies/keys/key_record.hpp"
#include "proxy/admin/admin_context.hpp"
#include "proxy/admin/message.hpp"

namespace proxy::admin {

// The record as it may be changed by this call.
answer<policies::keys::key_record> changeable(const admin_context& context, const request& call);
// Writes `after` where it differs from `before`.
answer<reply> store_change(const admin_context& context, const request& call, std::string action,
                           const policies::keys::key_record& before,
                           policies::keys::key_record after);

std::string etag_of(const policies::keys::key_record& record);
// All that there is to tell about a key, its secrets' ages included.
boost::json::object whole_view(const admin_context& context,
                               const policies::keys::key_record& record);
reply record_reply(const admin_context& context, const policies::keys::key_record& record);
stores::audit_row audit_of(const request& call, std::string action, policies::key_id subject,
                           const boost::json::object& detail);

} // namespace proxy::admin
