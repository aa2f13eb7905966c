// Reading an instant from the command line.
#pragma once

#include <optional>
#include <string>

#include "policies/types.hpp"

namespace proxy::server {

// "2026-11-23T03:59:50Z", UTC, whole seconds; nullopt: not such a text.
std::optional<policies::instant> parse_rfc3339(const std::string& text);

} // namespace proxy::server
