// What went wrong lately with one key, as the journal's rows tell it.
#pragma once

#include <vector>

#include "proxy/journal/keeper.hpp"

namespace proxy::stores {

// Newest first: outcomes with status >= 400 or a bad ending, and refusals.
std::vector<journal::entry> errors_in(const journal::keeper& rows,
                                      std::optional<policies::key_id> id, std::int64_t from_ms,
                                      std::size_t count_max);

} // namespace proxy::stores
