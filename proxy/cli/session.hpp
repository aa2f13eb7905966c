// What a command runs with: the calls, the streams, and how its result is to be shown.
#pragma once

#include "proxy/cli/admin_client.hpp"

namespace proxy::cli {

struct session {
  admin_client& calls;
  const console& io;
  bool json = false;  // the answers as they came, for programs
  bool quiet = false; // only what was asked for: an id, a secret, nothing
};

using command = std::function<result<void>(session&)>;

} // namespace proxy::cli
