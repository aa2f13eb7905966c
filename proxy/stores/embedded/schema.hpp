// The database's tables and how an older one becomes a newer one.
#pragma once

#include "proxy/stores/embedded/database.hpp"

namespace proxy::stores {

// Checks the file's integrity and brings it to this version's schema. Failures say what to do; a
// newer version's database is refused.
outcome<void> prepare_schema(database& on, const std::filesystem::path& file);

} // namespace proxy::stores
