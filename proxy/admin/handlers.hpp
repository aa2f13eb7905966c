// Every call's handler, by the file that has it.
#pragma once

#include "proxy/admin/admin_context.hpp"
#include "proxy/admin/message.hpp"

namespace proxy::admin {

// keys_api.cpp
answer<reply> create_key(const admin_context&, const request&);
answer<reply> list_keys(const admin_context&, const request&);
answer<reply> get_key(const admin_context&, const request&);
answer<reply> change_key(const admin_context&, const request&);
answer<reply> delete_key(const admin_context&, const request&);
answer<reply> deactivate_key(const admin_context&, const request&);
answer<reply> activate_key(const admin_context&, const request&);

// usage_api.cpp
answer<reply> key_usage(const admin_context&, const request&);
answer<reply> account_usage(const admin_context&, const request&);
answer<reply> key_limits(const admin_context&, const request&);

// ledger_api.cpp
answer<reply> ledger(const admin_context&, const request&);
answer<reply> key_errors(const admin_context&, const request&);
answer<reply> audit(const admin_context&, const request&);

// service_api.cpp
answer<reply> models(const admin_context&, const request&);
answer<reply> health(const admin_context&, const request&);
answer<reply> metrics(const admin_context&, const request&);

} // namespace proxy::admin
