// A client's connection from its first byte to its last: one coroutine that tells the life of each
// request on it.
#pragma once

#include "policies/access/ip_list.hpp"
#include "proxy/io/stream.hpp"
#include "proxy/io/task.hpp"
#include "proxy/session/services.hpp"

namespace proxy::session {

// Serves requests until the client leaves, an error makes the connection unusable, or the loop
// stops. Owns `client`.
io::task<void> serve_connection(services& my, io::stream& client,
                                policies::access::ip_address peer);

// What is kept for reuse by this thread; called before the services go.
void release_idle(services& my);

} // namespace proxy::session
