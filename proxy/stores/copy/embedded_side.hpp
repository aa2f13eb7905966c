// A data directory as one side of a copy. It is locked for as long as this lives.
#pragma once

#include <filesystem>

#include "proxy/stores/copy/side.hpp"

namespace proxy::stores::copy {

bool has_database(const std::filesystem::path& directory);

// `source`: its journal is applied first, as a start of the proxy does.
outcome<std::unique_ptr<side>> open_embedded(const std::filesystem::path& directory, bool source,
                                             policies::instant now);

} // namespace proxy::stores::copy
