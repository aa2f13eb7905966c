// The commands, by what they are about. Each adds its words to the tree; parsing leaves the one
// that was typed in `chosen`.
#pragma once

#include <CLI/CLI.hpp>

#include "proxy/cli/session.hpp"

namespace proxy::cli {

void add_key_commands(CLI::App& root, command& chosen);       // keys create, list, get, update, ...
void add_admin_key_commands(CLI::App& root, command& chosen); // admins create, list, ...
void add_alert_commands(CLI::App& root, command& chosen);     // alerts, receivers, tests
void add_diagnose_command(CLI::App& root, command& chosen);
void add_chart_command(CLI::App& root, command& chosen);   // report
void add_export_command(CLI::App& root, command& chosen);  // export
void add_top_command(CLI::App& root, command& chosen);     // top
void add_event_commands(CLI::App& root, command& chosen);  // events
void add_health_commands(CLI::App& root, command& chosen); // health, advise
// What deepseek-proxy itself does, beside the store and not by the admin plane.
void add_store_commands(CLI::App& root);
void add_report_commands(CLI::App& root, command& chosen); // usage, limits, errors, audit, ...

} // namespace proxy::cli
