// One key on a page: its settings, and its limits as they are at this moment.
#pragma once

#include "proxy/cli/console.hpp"
#include "proxy/cli/json.hpp"

namespace proxy::cli {

void print_key(const json::value& record, const json::value& live, const console& io);

// Only the limits that are set: used, held for requests in flight, limit, left.
void print_limits(const json::value& live, const console& io);

} // namespace proxy::cli
