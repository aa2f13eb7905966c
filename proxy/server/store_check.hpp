// `deepseek-proxy store check`: whether the store that the configuration names keeps what is
// entrusted to it, before anybody relies on it, and whether it is open. `store forget`: going on
// without a proxy that does not come back.
#pragma once

#include <iosfwd>

#include "proxy/config/settings.hpp"

namespace proxy::server {

// Prints a line a finding with what to do. False: a problem was found. A store that cannot be asked
// is a failure.
outcome<bool> check_store(const config::settings& settings, std::ostream& out);
// Says that a proxy, named as the log names it, comes back no more: nobody waits for what only its
// journal has.
outcome<void> forget_proxy(const config::settings& settings, const std::string& name);

} // namespace proxy::server
