// Finding keys for handlers, and what a store's failure means to the caller.
#pragma once

#include <memory>
#include <vector>

#include "proxy/admin/admin_context.hpp"
#include "proxy/admin/message.hpp"

namespace proxy::admin {

// Deleted ones too: their figures stay readable. Never null.
answer<std::shared_ptr<const policies::keys::key_record>> known_key(const admin_context& context,
                                                                    policies::key_id id);
// Whether the key exists for this caller: one that delegates sees itself and what is below it.
bool within_reach(const admin_context& context, const caller& by, policies::key_id id);
// Whose figures a call asks for: its key's, or where its path names none, the account's.
answer<std::optional<policies::key_id>> subject_of(const admin_context& context,
                                                   const request& call);
// What the key and all below it used, as their limits count it: hours and minutes in order, an hour
// once for each of them. `key` absent: the account.
std::vector<stores::usage_row> used_hours(const admin_context& context,
                                          std::optional<policies::key_id> key,
                                          stores::usage_range range);
std::vector<stores::spread_row> used_spreads(const admin_context& context,
                                             std::optional<policies::key_id> key,
                                             stores::usage_range range);
stores::usage_sums used_total(const admin_context& context, std::optional<policies::key_id> key,
                              stores::usage_range range);
std::vector<stores::minute_row> used_minutes(const admin_context& context,
                                             std::optional<policies::key_id> key,
                                             stores::minute_range range);
boost::json::value id_or_null(const std::optional<policies::key_id>& id);
// Of the key with that id; null: there is none.
boost::json::value name_or_null(const admin_context& context, std::string_view id);

// {"object": "list", "data": …}
boost::json::object list_of(boost::json::array data);

problem problem_of(const failure& why);

} // namespace proxy::admin
