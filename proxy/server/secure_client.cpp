// Looking at the first byte, then the handshake.
#include "proxy/server/secure_client.hpp"

#include <sys/socket.h>

#include <array>

#include "proxy/tls/server_context.hpp"

namespace proxy::server {
namespace {

constexpr char handshake_record = 0x16;

// Whether what has come begins as TLS does; what is not there yet may.
bool begins_as_tls(io::stream& client) {
  char first = handshake_record;
  ::recv(client.descriptor(), &first, 1, MSG_PEEK);
  return first == handshake_record;
}

io::task<void> tell_plain_client(io::stream& client, io::deadline until) {
  static constexpr std::string_view text =
      "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
      "content-length: 127\r\n\r\n"
      R"({"error":{"message":"This port speaks TLS: use https://","type":"invalid_request_error",)"
      R"("param":null,"code":"invalid_request"}})";
  iovec piece{const_cast<char*>(text.data()), text.size()};
  co_await client.write({&piece, 1}, until);
  // What stays unread when the socket is closed would take the answer back.
  std::array<char, 4096> dropped;
  while (::recv(client.descriptor(), dropped.data(), dropped.size(), 0) ==
         static_cast<ssize_t>(dropped.size())) {
  }
  client.shutdown_write();
}

} // namespace

io::task<bool> secure_client(session::services& my, std::shared_ptr<SSL_CTX> settings,
                             io::stream& client) {
  const io::deadline until = my.loop.in(my.shared.settings.server.tls_handshake_timeout);
  if (co_await client.readable(until) != io::status::ok) {
    my.count.tls_failures.add();
    co_return false;
  }
  if (!begins_as_tls(client)) {
    my.count.tls_failures.add();
    auto told = tell_plain_client(client, until);
    co_await std::move(told);
    co_return false;
  }
  SSL* tls = tls::make_server_tls(*settings);
  settings.reset(); // the connection's own reference keeps it
  if (!tls)
    co_return false;
  client.use_tls(tls);
  const io::status done = co_await client.handshake(until);
  if (done != io::status::ok) {
    my.count.tls_failures.add();
    co_return false;
  }
  my.count.tls_handshakes.add();
  if (SSL_session_reused(tls))
    my.count.tls_resumed.add();
  co_return true;
}

} // namespace proxy::server
