// What this program was built from, for `version`, metrics and bug reports. No time of the build:
// the same sources give the same bytes.
#pragma once

#include <string>
#include <string_view>

namespace proxy::server {

std::string_view build_version(); // "0.1.0"
std::string_view build_commit();  // "603cd9b", or "unknown" where there was no repository
std::string openssl_version();    // of the library in use

// Several lines: version, commit, compiler, libraries as compiled and as loaded.
std::string build_info();

} // namespace proxy::server
