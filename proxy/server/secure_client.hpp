// A client's connection before its first request: the TLS handshake under one absolute deadline.
#pragma once

#include "proxy/io/stream.hpp"
#include "proxy/io/task.hpp"
#include "proxy/session/services.hpp"

namespace proxy::server {

// false: there is nobody to serve; the caller closes. A client that speaks plain HTTP is told so.
io::task<bool> secure_client(session::services& my, std::shared_ptr<SSL_CTX> settings,
                             io::stream& client);

} // namespace proxy::server
