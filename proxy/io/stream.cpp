// Waiting and waking: which coroutine waits for what on a socket, and what an event, a deadline or
// the loop's end does to it. The bytes themselves are moved in stream_transfer.cpp.
#include "proxy/io/stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace proxy::io {

stream* stream::adopt(reactor& loop, int fd) {
  auto* made = new stream(loop, fd);
  loop.add(*made, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  return made;
}

stream::~stream() {
  if (tls_)
    SSL_free(tls_);
  if (fd_ >= 0)
    ::close(fd_);
}

void stream::use_tls(SSL* tls) {
  tls_ = tls;
  SSL_set_fd(tls_, fd_);
}

void stream::watch_idle(idle_handler handler, void* context) {
  idle_ = handler;
  idle_context_ = context;
}

void stream::on_events(std::uint32_t events) {
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    hangup_ = true;
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    readable_ = true;
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
    writable_ = true;
  // A resumed coroutine may close this stream: `linked` says whether it still stands.
  if (writer_ && writable_ && retry_writer())
    resume_writer();
  if (linked() && reader_ && readable_ && retry_reader())
    resume_reader();
  if (linked() && !reader_ && idle_ && readable_ && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)))
    idle_(idle_context_, *this);
}

void stream::on_deadline(deadline now) {
  if (writer_ && writer_->until <= now) {
    writer_->result.what = status::timeout;
    resume_writer();
  }
  if (linked() && reader_ && reader_->until <= now) {
    reader_->result.what = status::timeout;
    resume_reader();
  }
  if (linked())
    refresh_due();
}

void stream::give_up(status why) {
  if (writer_) {
    writer_->result.what = why;
    resume_writer();
  }
  if (linked() && reader_) {
    reader_->result.what = why;
    resume_reader();
  }
  if (linked() && idle_)
    idle_(idle_context_, *this);
}

void stream::wait_read(operation& op, std::coroutine_handle<> waiter, kind what) {
  op.waiter = waiter;
  reader_ = &op;
  reading_ = what;
  refresh_due();
}

void stream::wait_write(operation& op, std::coroutine_handle<> waiter) {
  op.waiter = waiter;
  writer_ = &op;
  writing_ = kind::write;
  refresh_due();
}

void stream::wait_connect(operation& op, std::coroutine_handle<> waiter) {
  writable_ = false; // the edge that ends the connect is still to come
  wait_write(op, waiter);
  writing_ = kind::connect;
}

void stream::wait_handshake(operation& op, std::coroutine_handle<> waiter) {
  wait_read(op, waiter, kind::handshake);
}

bool stream::retry_reader() {
  switch (reading_) {
  case kind::readable:
  case kind::arrived:
    return attempt_readable(static_cast<readable_op&>(*reader_));
  case kind::read:
    return attempt_read(static_cast<read_op&>(*reader_));
  case kind::handshake:
    return attempt_handshake(static_cast<handshake_op&>(*reader_));
  default:
    return false;
  }
}

bool stream::retry_writer() {
  if (writing_ == kind::write)
    return attempt_write(static_cast<write_op&>(*writer_));
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0)
    writer_->result.what = status::reset;
  return true;
}

void stream::resume_reader() {
  reading_ = kind::none;
  const auto waiter = std::exchange(reader_, nullptr)->waiter;
  refresh_due();
  waiter.resume();
}

void stream::resume_writer() {
  writing_ = kind::none;
  const auto waiter = std::exchange(writer_, nullptr)->waiter;
  refresh_due();
  waiter.resume();
}

void stream::refresh_due() {
  loop_.expect(*this, std::min(reader_ ? reader_->until : no_deadline,
                               writer_ ? writer_->until : no_deadline));
}

void stream::limit_unsent(std::size_t bytes) {
  const int most = static_cast<int>(bytes);
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof most);
}

void stream::shutdown_write() {
  if (tls_)
    SSL_shutdown(tls_);
  ::shutdown(fd_, SHUT_WR);
}

void stream::close() {
  if (fd_ < 0)
    return; // aborted before
  if (tls_ && SSL_is_init_finished(tls_))
    SSL_shutdown(tls_);
  ::close(std::exchange(fd_, -1));
  loop_.retire(this);
}

int stream::release() {
  const int given = std::exchange(fd_, -1);
  loop_.forget(given);
  loop_.retire(this);
  return given;
}

void stream::abort() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(fd_, -1));
  loop_.retire(this);
}

} // namespace proxy::io
