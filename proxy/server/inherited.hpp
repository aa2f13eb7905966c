// Sockets that another program opened: systemd's socket activation, which tells by LISTEN_PID,
// LISTEN_FDS and LISTEN_FDNAMES, or the proxy that this process ran before an upgrade.
#pragma once

#include <string>
#include <vector>

namespace proxy::server {

struct inherited_sockets {
  std::vector<int> data;
  std::vector<int> admin;
  std::vector<int> clients; // plain connections that wait for their next request
};

// By name: "admin" is the admin plane's, all others are the data plane's. The variables are unset,
// so that no child takes them for its own. Call once, before threads.
inherited_sockets take_inherited_sockets();

// "NAME=…" for the environment of the program that is to take them, to which they stay open. What
// does not fit into a variable is closed, clients first.
std::string hand_over(inherited_sockets sockets);

} // namespace proxy::server
