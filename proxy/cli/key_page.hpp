// One key on a page: its settings, and its limits as they are at this moment.
#pragma once

#include "proxy/cli/console.hpp"
#include "proxy/cli/json.hpp"
#include "proxy/cli/session.hpp"

namespace proxy::cli {

void print_key(const json::value& record, const json::value& live, const console& io);

// Only the limits that are set: used, held for requests in flight, limit, left.
void print_limits(const json::value& live, const console& io);

// The secret of a key that was just made: alone with --quiet, for nobody will see it again.
void print_secret(session& with, const reply& made, const std::string& first_line);

} // namespace proxy::cli
