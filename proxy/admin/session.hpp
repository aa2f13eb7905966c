// One connection of the admin plane, from accept to close.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "proxy/admin/admin_context.hpp"
#include "proxy/admin/event_feed.hpp"
#include "proxy/admin/guesses.hpp"
#include "proxy/admin/issued.hpp"
#include "proxy/admin/web_sessions.hpp"
#include "proxy/tls/server_context.hpp"

namespace proxy::admin {

// All outlive the session.
struct session_scope {
  const admin_context& context;
  const std::string& listen_address; // as configured, without the port
  guesses& wrong_keys;
  web_sessions& browsers;
  issued_answers& issued;
  event_feed& feed;
  tls::context tls{}; // null: plain HTTP
};

// Serves until the client or a deadline ends it. Throws what the system throws: the caller's
// completion handler is the backstop.
boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket, session_scope scope);

} // namespace proxy::admin
