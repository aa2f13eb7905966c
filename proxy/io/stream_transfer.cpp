// Moving bytes: the system calls of a stream, plain and TLS, and what their results mean for the
// edge-triggered readiness flags.
#include "proxy/io/stream.hpp"

#include <sys/socket.h>

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace proxy::io {
namespace {

// As much of the pieces as there is room for.
std::size_t gather(std::span<const iovec> pieces, std::span<char> room) {
  std::size_t filled = 0;
  for (const iovec& piece : pieces) {
    const std::size_t part = std::min(piece.iov_len, room.size() - filled);
    std::memcpy(room.data() + filled, piece.iov_base, part);
    filled += part;
  }
  return filled;
}

// A copy of two small pieces costs less than the kernel's reading of a vector.
ssize_t send_some(int fd, std::span<iovec> pieces) {
  constexpr std::size_t worth_copying = 4096;
  if (pieces.size() == 1)
    return ::send(fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
  if (pieces.size() == 2 && pieces[0].iov_len + pieces[1].iov_len <= worth_copying) {
    std::array<char, worth_copying> together;
    return ::send(fd, together.data(), gather(pieces, together), MSG_NOSIGNAL);
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = std::min<std::size_t>(pieces.size(), 64);
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

} // namespace

void skip_sent(std::span<iovec>& pieces, std::size_t bytes) {
  while (!pieces.empty() && bytes >= pieces.front().iov_len) {
    bytes -= pieces.front().iov_len;
    pieces = pieces.subspan(1);
  }
  if (bytes == 0)
    return;
  pieces.front().iov_base = static_cast<char*>(pieces.front().iov_base) + bytes;
  pieces.front().iov_len -= bytes;
}

bool stream::attempt_readable(readable_op& op) {
  // The edge is believed: the read that follows finds out what it was about. Only TLS, whose
  // buffered bytes make no edge, has to be asked.
  if (tls_ && op.how == kind::readable && readable_ && !hangup_ && !SSL_has_pending(tls_)) {
    char probe = 0;
    if (::recv(fd_, &probe, 1, MSG_PEEK) < 0 && errno == EAGAIN)
      readable_ = false;
  }
  return readable_;
}

bool stream::quiet() {
  char probe = 0;
  if (hangup_)
    return false;
  const bool buffered = tls_ && SSL_has_pending(tls_);
  if (!buffered && readable_ && ::recv(fd_, &probe, 1, MSG_PEEK) < 0 && errno == EAGAIN)
    readable_ = false;
  if (!buffered && !readable_)
    return true;
  if (!tls_)
    return false;
  // It may be nothing but a session's ticket.
  operation ignored(*this, no_deadline);
  ERR_clear_error();
  const int got = SSL_peek(tls_, &probe, 1);
  return got <= 0 && tls_would_block(got, ignored);
}

bool stream::attempt_read(read_op& op) {
  return readable_ && (tls_ ? read_tls(op) : read_plain(op));
}

bool stream::read_plain(read_op& op) {
  ssize_t got = 0;
  do
    got = ::recv(fd_, op.room.data(), op.room.size(), 0);
  while (got < 0 && errno == EINTR);
  if (got > 0) {
    op.result.bytes = static_cast<std::size_t>(got);
    // With data and FIN in one edge no further edge comes: keep reading until recv says so.
    if (op.result.bytes < op.room.size() && !hangup_)
      readable_ = false;
    return true;
  }
  if (got == 0) {
    op.result.what = status::closed;
    return true;
  }
  if (errno == EAGAIN) {
    readable_ = false;
    return false;
  }
  op.result.what = status::reset;
  return true;
}

// Whether the operation has to wait; otherwise its result is set.
bool stream::tls_would_block(int result, operation& op) {
  switch (SSL_get_error(tls_, result)) {
  case SSL_ERROR_WANT_READ:
    return readable_ = false, true;
  case SSL_ERROR_WANT_WRITE:
    return writable_ = false, true;
  case SSL_ERROR_ZERO_RETURN:
    op.result.what = status::closed;
    break;
  default:
    op.result.what = status::reset;
  }
  ERR_clear_error();
  return false;
}

bool stream::read_tls(read_op& op) {
  ERR_clear_error();
  const int got = SSL_read(tls_, op.room.data(), static_cast<int>(op.room.size()));
  if (got > 0)
    return op.result.bytes = static_cast<std::size_t>(got), true;
  return !tls_would_block(got, op);
}

bool stream::attempt_write(write_op& op) {
  return writable_ && (tls_ ? write_tls(op) : write_plain(op));
}

bool stream::write_plain(write_op& op) {
  skip_sent(op.pieces, 0);
  while (!op.pieces.empty()) {
    const ssize_t sent = send_some(fd_, op.pieces);
    if (sent < 0) {
      if (errno == EINTR)
        continue;
      if (errno == EAGAIN)
        return writable_ = false, false;
      return op.result.what = status::reset, true;
    }
    op.result.bytes += static_cast<std::size_t>(sent);
    skip_sent(op.pieces, static_cast<std::size_t>(sent));
  }
  return true;
}

bool stream::write_tls(write_op& op) {
  // One record for small pieces: a head and its body must not become two packets.
  thread_local std::array<char, 16 * 1024> record;
  skip_sent(op.pieces, 0);
  while (!op.pieces.empty()) {
    const std::size_t filled = gather(op.pieces, record);
    ERR_clear_error();
    const int sent = SSL_write(tls_, record.data(), static_cast<int>(filled));
    if (sent <= 0)
      return !tls_would_block(sent, op);
    op.result.bytes += static_cast<std::size_t>(sent);
    skip_sent(op.pieces, static_cast<std::size_t>(sent));
  }
  return true;
}

bool stream::attempt_handshake(handshake_op& op) {
  ERR_clear_error();
  const int done = SSL_do_handshake(tls_);
  return done == 1 || !tls_would_block(done, op);
}

} // namespace proxy::io
