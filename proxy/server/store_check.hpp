// `deepseek-proxy store check`: whether the store that the configuration names keeps what is
// entrusted to it, before anybody relies on it.
#pragma once

#include <iosfwd>

#include "proxy/config/settings.hpp"

namespace proxy::server {

// Prints a line a finding with what to do. False: a problem was found. A store that cannot be asked
// is a failure.
outcome<bool> check_store(const config::settings& settings, std::ostream& out);

} // namespace proxy::server
