// A non-blocking socket, plain or TLS, that a coroutine reads and writes with absolute deadlines.
// Tries the system call first and waits only when it would block; a short read is taken as "nothing
// more for now" unless the peer has closed, which saves the recv that returns EAGAIN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <openssl/ssl.h>
#include <sys/uio.h>

#include "proxy/io/reactor.hpp"

namespace proxy::io {

enum class status : std::uint8_t {
  ok,
  closed,  // orderly end of the peer's bytes
  reset,   // connection lost, TLS failure, or TLS end without close_notify
  timeout, // the deadline passed
  stopped, // the loop ends
};

struct io_result {
  status what = status::ok;
  std::size_t bytes = 0; // moved, also when the operation failed half-way
};

class stream final : public watched {
  enum class kind : std::uint8_t { none, readable, arrived, read, write, connect, handshake };

 public:
  // Takes the descriptor (non-blocking) and registers it. Retire with close().
  static stream* adopt(reactor& loop, int fd);

  // Handshake first where there is TLS. Takes `tls`.
  void use_tls(SSL* tls);
  const SSL* tls() const { return tls_; } // null: plain

  struct operation {
    stream& on;
    deadline until;
    io_result result{};
    std::coroutine_handle<> waiter{};
    operation(stream& s, deadline d) : on(s), until(d) {}
    // The loop ends: nobody would be resumed any more.
    bool too_late() {
      if (!on.loop_.stopping())
        return false;
      result.what = status::stopped;
      return true;
    }
  };

  // Waits until there is something to read (or the peer closed); holds no buffer while waiting.
  struct readable_op : operation {
    kind how;
    readable_op(stream& s, deadline d, kind k) : operation(s, d), how(k) {}
    bool await_ready() { return too_late() || on.attempt_readable(*this); }
    void await_suspend(std::coroutine_handle<> h) { on.wait_read(*this, h, how); }
    status await_resume() const { return result.what; }
  };
  // Reads what there is, at least one byte.
  struct read_op : operation {
    std::span<char> room;
    read_op(stream& s, deadline d, std::span<char> into) : operation(s, d), room(into) {}
    bool await_ready() { return too_late() || on.attempt_read(*this); }
    void await_suspend(std::coroutine_handle<> h) { on.wait_read(*this, h, kind::read); }
    io_result await_resume() const { return result; }
  };
  // Writes all of the pieces; consumes the array at `pieces` as it goes.
  struct write_op : operation {
    std::span<iovec> pieces;
    write_op(stream& s, deadline d, std::span<iovec> from) : operation(s, d), pieces(from) {}
    bool await_ready() { return too_late() || on.attempt_write(*this); }
    void await_suspend(std::coroutine_handle<> h) { on.wait_write(*this, h); }
    io_result await_resume() const { return result; }
  };
  // Completes a connect() in progress.
  struct connect_op : operation {
    using operation::operation;
    bool await_ready() { return too_late(); }
    void await_suspend(std::coroutine_handle<> h) { on.wait_connect(*this, h); }
    status await_resume() const { return result.what; }
  };
  struct handshake_op : operation {
    using operation::operation;
    bool await_ready() { return too_late() || on.attempt_handshake(*this); }
    void await_suspend(std::coroutine_handle<> h) { on.wait_handshake(*this, h); }
    status await_resume() const { return result.what; }
  };

  // Of a client between requests: ends when the proxy drains, and does not end for a TLS record
  // that carries nothing.
  readable_op readable(deadline until) { return {*this, until, kind::readable}; }
  // Of a peer that owes something: cheap, and true now and then when a read will have to wait.
  readable_op arrived(deadline until) { return {*this, until, kind::arrived}; }
  read_op read(std::span<char> room, deadline until) { return {*this, until, room}; }
  write_op write(std::span<iovec> pieces, deadline until) { return {*this, until, pieces}; }
  connect_op connected(deadline until) { return {*this, until}; }
  handshake_op handshake(deadline until) { return {*this, until}; }

  // Called instead of a reader while nobody reads: an idle pooled connection that speaks or ends.
  using idle_handler = void (*)(void* context, stream& which);
  void watch_idle(idle_handler handler, void* context);
  void unwatch() { idle_ = nullptr; }

  // Writes wait while so much lies unsent in the kernel: what nobody reads is kept by nobody.
  void limit_unsent(std::size_t bytes);

  bool peer_closed() const { return hangup_; }
  // Neither ended nor with anything left to read, TLS's own buffer included. Asks the kernel only
  // where the last read left that open.
  bool quiet();
  // Sends FIN after what was written, so that the peer sees the last bytes before the end.
  void shutdown_write();
  void close();
  // Gives the descriptor away and forgets it; nothing was read from it that was not used. Plain
  // only.
  int release();
  // Ends without a TLS close_notify and with RST: the peer must not take what it got for complete.
  void abort();
  int descriptor() const { return fd_; }

  void on_events(std::uint32_t events) override;
  void on_deadline(deadline now) override;
  void on_drain() override {
    if (reading_ == kind::readable)
      give_up(status::stopped);
  }
  void on_stop() override { give_up(status::stopped); }
  ~stream() override;

 private:
  stream(reactor& loop, int fd) : loop_(loop), fd_(fd) {}

  bool attempt_readable(readable_op& op);
  bool attempt_read(read_op& op);
  bool attempt_write(write_op& op);
  bool attempt_handshake(handshake_op& op);
  void wait_read(operation& op, std::coroutine_handle<> waiter, kind what);
  void wait_write(operation& op, std::coroutine_handle<> waiter);
  void wait_connect(operation& op, std::coroutine_handle<> waiter);
  void wait_handshake(operation& op, std::coroutine_handle<> waiter);

  bool read_plain(read_op& op);
  bool read_tls(read_op& op);
  bool write_plain(write_op& op);
  bool write_tls(write_op& op);
  bool tls_would_block(int result, operation& op);
  bool retry_reader();
  bool retry_writer();
  void refresh_due();
  void resume_reader();
  void resume_writer();
  void give_up(status why);

  reactor& loop_;
  int fd_;
  bool readable_ = false; // may have something: set by an edge, registration makes the first one
  bool writable_ = true;
  bool hangup_ = false; // EPOLLRDHUP, EPOLLHUP or EPOLLERR seen: reads go on until they say so
  kind reading_ = kind::none;
  kind writing_ = kind::none;
  operation* reader_ = nullptr;
  operation* writer_ = nullptr;
  SSL* tls_ = nullptr;
  idle_handler idle_ = nullptr;
  void* idle_context_ = nullptr;
};

// Moves `pieces` forward by `bytes`; empty pieces at the front are dropped.
void skip_sent(std::span<iovec>& pieces, std::size_t bytes);

} // namespace proxy::io
