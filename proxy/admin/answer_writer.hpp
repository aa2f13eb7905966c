// Puts a reply on the wire.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "proxy/admin/client_stream.hpp"
#include "proxy/admin/deadline.hpp"
#include "proxy/admin/message.hpp"

namespace proxy::admin {

struct answer_form {
  unsigned version = 11; // or 10, as the request's
  bool head_only = false;
  bool keep_alive = false;
};

struct client_end {
  client_stream& stream;
  deadline& limit;
  std::chrono::milliseconds write_max; // a piece of an answer
};

// false: the connection is to be closed, be it that this failed or that `form` says so.
boost::asio::awaitable<bool> write_answer(client_end to, reply what, answer_form form);

} // namespace proxy::admin
