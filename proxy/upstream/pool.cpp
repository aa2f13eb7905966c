// Opening, keeping and dropping connections.
#include "proxy/upstream/pool.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace proxy::upstream {
namespace {

failure unreachable(const std::string& host, std::string why) {
  return failure{errc::upstream_unreachable, "cannot connect to " + host + ": " + std::move(why)};
}

std::string in_words(io::status what, std::string_view otherwise) {
  if (what == io::status::timeout)
    return "timed out";
  return what == io::status::stopped ? "the proxy ends" : std::string(otherwise);
}

} // namespace

pool::pool(io::reactor& loop, const resolver& names, pool_settings settings)
    : loop_(loop), names_(names), settings_(std::move(settings)) {
  idle_.reserve(settings_.idle_max);
  loop_.every_tick([this](io::deadline now) { drop_expired(now); });
}

pool::~pool() {
  for (const idle_connection& item : idle_) {
    item.which->unwatch();
    item.which->close();
  }
}

io::stream* pool::take_idle() {
  if (idle_.empty())
    return nullptr;
  io::stream* connection = idle_.back().which;
  idle_.pop_back();
  connection->unwatch();
  return connection;
}

void pool::give_back(io::stream& connection) {
  // Bytes nobody asked for would be taken for the answer to the next request.
  if (idle_.size() >= settings_.idle_max || !connection.quiet())
    return connection.close();
  idle_.push_back({&connection, loop_.in(settings_.idle_timeout)});
  connection.watch_idle(
      [](void* self, io::stream& which) { static_cast<pool*>(self)->drop(which); }, this);
}

// An idle connection that speaks is out of step; one that ends is gone. Either way it goes.
void pool::drop(io::stream& which) {
  const auto found = std::find_if(idle_.begin(), idle_.end(), [&](const idle_connection& item) {
    return item.which == &which;
  });
  if (found != idle_.end())
    idle_.erase(found);
  which.unwatch();
  which.close();
}

void pool::drop_expired(io::deadline now) {
  // Oldest first: the front of a last-in-first-out stack.
  std::size_t expired = 0;
  while (expired < idle_.size() && idle_[expired].drop_at <= now) {
    idle_[expired].which->unwatch();
    idle_[expired].which->close();
    ++expired;
  }
  idle_.erase(idle_.begin(), idle_.begin() + static_cast<std::ptrdiff_t>(expired));
}

io::task<outcome<io::stream*>> pool::connect() {
  const std::vector<endpoint> candidates = names_.endpoints();
  failure last = unreachable(settings_.host, "its name has no address yet");
  // Each address once, beginning where the last success was.
  for (std::size_t i = 0; i < candidates.size() && !loop_.stopping(); ++i) {
    const endpoint to = candidates[(next_endpoint_ + i) % candidates.size()];
    auto attempt = connect_to(to);
    outcome<io::stream*> made = co_await std::move(attempt);
    if (made) {
      next_endpoint_ = (next_endpoint_ + i) % candidates.size();
      ++opened_;
      co_return made;
    }
    last = made.error();
  }
  co_return last;
}

io::task<outcome<io::stream*>> pool::connect_to(endpoint to) {
  const int fd = ::socket(to.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    co_return unreachable(settings_.host, std::generic_category().message(errno));
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const int started = ::connect(fd, reinterpret_cast<const sockaddr*>(&to.address), to.length);
  if (started != 0 && errno != EINPROGRESS) {
    const int error = errno;
    ::close(fd);
    co_return unreachable(settings_.host, std::generic_category().message(error));
  }
  io::stream* connection = io::stream::adopt(loop_, fd);
  const io::deadline until = loop_.in(settings_.connect_timeout);
  const io::status connected = co_await connection->connected(until);
  std::string problem;
  if (connected != io::status::ok) {
    problem = in_words(connected, "refused, or there is no way to it");
  } else if (settings_.tls) {
    auto handshake = secure(*connection, until);
    problem = co_await std::move(handshake);
  }
  if (problem.empty())
    co_return connection;
  connection->close();
  co_return unreachable(settings_.host, std::move(problem));
}

io::task<std::string> pool::secure(io::stream& connection, io::deadline until) {
  SSL* tls = make_client_tls(*settings_.tls, settings_.host);
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

} // namespace proxy::upstream
