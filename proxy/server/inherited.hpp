// Listening sockets that another process opened: systemd's socket activation, or the proxy that
// this one takes over from. Both tell by LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES.
#pragma once

#include <string_view>
#include <vector>

namespace proxy::server {

struct inherited_sockets {
  std::vector<int> data;
  std::vector<int> admin;
};

// By name: "admin" is the admin plane's, all others are the data plane's. The variables are unset,
// so that no child takes them for its own. Call once, before threads.
inherited_sockets take_inherited_sockets();

} // namespace proxy::server
