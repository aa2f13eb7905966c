// What went wrong lately with one key, as the journal's rows tell it.
#pragma once

#include <vector>

#include "proxy/journal/keeper.hpp"

namespace proxy::stores {

// An outcome with status >= 400 or a bad ending, or refusals.
bool went_wrong(const journal::entry& e);

// Newest first, those that went wrong.
std::vector<journal::entry> errors_in(const journal::keeper& rows,
                                      std::optional<policies::key_id> id, std::int64_t from_ms,
                                      std::size_t count_max);

} // namespace proxy::stores
