// A socket on its way to being a stream.
#include "proxy/upstream/connect.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

namespace proxy::upstream {
namespace {

std::string in_words(io::status what, std::string_view otherwise) {
  if (what == io::status::timeout)
    return "timed out";
  return what == io::status::stopped ? "the proxy ends" : std::string(otherwise);
}

// What went wrong; empty: nothing.
io::task<std::string> secure(io::stream& connection, const connect_settings& how,
                             io::deadline until) {
  SSL* tls = make_client_tls(*how.tls, how.host);
  if (!tls)
    co_return "out of memory for TLS";
  connection.use_tls(tls);
  const io::status done = co_await connection.handshake(until);
  if (done == io::status::ok)
    co_return "";
  const long verdict = SSL_get_verify_result(tls);
  if (verdict != X509_V_OK)
    co_return std::string("its TLS certificate is not accepted: ") +
        X509_verify_cert_error_string(verdict);
  co_return in_words(done, "the TLS handshake failed: it speaks no TLS 1.2 or newer, or hung up");
}

} // namespace

failure unreachable(const std::string& host, std::string why) {
  return failure{errc::upstream_unreachable, "cannot connect to " + host + ": " + std::move(why)};
}

io::task<outcome<io::stream*>> connect_to(io::reactor& loop, endpoint to,
                                          const connect_settings& how) {
  const int fd = ::socket(to.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    co_return unreachable(how.host, std::generic_category().message(errno));
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (how.receive_buffer_bytes > 0) {
    const int bytes = static_cast<int>(how.receive_buffer_bytes);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  const int started = ::connect(fd, reinterpret_cast<const sockaddr*>(&to.address), to.length);
  if (started != 0 && errno != EINPROGRESS) {
    const int error = errno;
    ::close(fd);
    co_return unreachable(how.host, std::generic_category().message(error));
  }
  io::stream* connection = io::stream::adopt(loop, fd);
  const io::deadline until = loop.in(how.timeout);
  const io::status connected = co_await connection->connected(until);
  std::string problem;
  if (connected != io::status::ok) {
    problem = in_words(connected, "refused, or there is no way to it");
  } else if (how.tls) {
    auto handshake = secure(*connection, how, until);
    problem = co_await std::move(handshake);
  }
  if (problem.empty())
    co_return connection;
  connection->close();
  co_return unreachable(how.host, std::move(problem));
}

} // namespace proxy::upstream
