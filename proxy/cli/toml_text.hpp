// JSON values as TOML, which knows no null.
#pragma once

#include <string>

#include "proxy/cli/json.hpp"

namespace proxy::cli {

// Bare where TOML allows it, else quoted.
std::string toml_key(std::string_view name);
// On one line; tables inline. A value that TOML cannot hold (see below) must not be given.
std::string toml_value(const json::value& value);
// No null in it, and no number beyond 63 bits.
bool fits_toml(const json::value& value);

} // namespace proxy::cli
