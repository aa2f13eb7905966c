// Rows of all lanes within a range of time, merged by time. Reads files, holds no lock while it
// does, and opens a lane's segments only when their turn comes.
#pragma once

#include "proxy/journal/catalogue.hpp"
#include "proxy/journal/keeper.hpp"

namespace proxy::journal {

void scan_lanes(const catalogue& known, keeper::scan_range range,
                const std::function<bool(const entry&)>& visit);

} // namespace proxy::journal
