// Every call's handler, by the file that has it.
#pragma once

#include "proxy/admin/admin_context.hpp"
#include "proxy/admin/message.hpp"

namespace proxy::admin {

// key_issue.cpp
answer<reply> create_key(const admin_context&, const request&);
answer<reply> rotate_key(const admin_context&, const request&);

// key_list.cpp
answer<reply> list_keys(const admin_context&, const request&);

// admin_keys_api.cpp
answer<reply> create_admin_key(const admin_context&, const request&);
answer<reply> list_admin_keys(const admin_context&, const request&);

// keys_api.cpp
answer<reply> get_key(const admin_context&, const request&);
answer<reply> change_key(const admin_context&, const request&);
answer<reply> delete_key(const admin_context&, const request&);
answer<reply> deactivate_key(const admin_context&, const request&);
answer<reply> activate_key(const admin_context&, const request&);

// usage_api.cpp
answer<reply> key_usage(const admin_context&, const request&);
answer<reply> account_usage(const admin_context&, const request&);
answer<reply> usage_models(const admin_context&, const request&);
answer<reply> usage_of_keys(const admin_context&, const request&);

// live_api.cpp
answer<reply> key_limits(const admin_context&, const request&);
answer<reply> usage_live(const admin_context&, const request&);
answer<reply> key_current(const admin_context&, const request&);

// series_api.cpp
answer<reply> usage_series(const admin_context&, const request&);

// minutes_api.cpp
answer<reply> usage_minutes(const admin_context&, const request&);

// patterns_api.cpp
answer<reply> usage_patterns(const admin_context&, const request&);

// health_api.cpp
answer<reply> key_health(const admin_context&, const request&);

// events_api.cpp
answer<reply> events(const admin_context&, const request&);
answer<reply> stream_events(const admin_context&, const request&);

// alerts_api.cpp
answer<reply> list_alerts(const admin_context&, const request&);
answer<reply> alert_receivers(const admin_context&, const request&);
answer<reply> test_alerts(const admin_context&, const request&);
answer<reply> alert_rules_of_all(const admin_context&, const request&);
answer<reply> alert_rules(const admin_context&, const request&);
answer<reply> set_alert_rules(const admin_context&, const request&);

// export_api.cpp
answer<reply> ledger(const admin_context&, const request&);
answer<reply> export_usage(const admin_context&, const request&);

// ledger_api.cpp
answer<reply> key_errors(const admin_context&, const request&);
answer<reply> audit(const admin_context&, const request&);

// session_api.cpp
answer<reply> open_session(const admin_context&, const request&);
answer<reply> show_session(const admin_context&, const request&);
answer<reply> end_session(const admin_context&, const request&);

// dashboard.cpp
answer<reply> page(const admin_context&, const request&);

// service_api.cpp
answer<reply> models(const admin_context&, const request&);
answer<reply> health(const admin_context&, const request&);
answer<reply> ready(const admin_context&, const request&);
answer<reply> metrics(const admin_context&, const request&);

} // namespace proxy::admin
