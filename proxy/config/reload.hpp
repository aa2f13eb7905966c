// A configuration read again while the proxy runs: what of it takes effect at once, and what does
// not. Reads no file.
#pragma once

#include <string>
#include <vector>

#include "proxy/config/settings.hpp"

namespace proxy::config {

struct reloaded {
  settings now;                      // the running ones with what may change
  std::vector<std::string> changed;  // "server.idle_timeout_s", in effect with `now`
  std::vector<std::string> deferred; // differ in the file, and take a restart
};
reloaded reload(const settings& running, const settings& fresh);

} // namespace proxy::config
