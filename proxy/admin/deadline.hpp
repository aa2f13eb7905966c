// An absolute deadline on a socket. What passes it ends at once, and an answer can still be sent
// where only reading was ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include <boost/asio.hpp>

namespace proxy::admin {

class deadline {
 public:
  enum class ends { reading, everything };

  // The socket must not move while this lives.
  explicit deadline(boost::asio::ip::tcp::socket& socket)
      : watch_(std::make_shared<watch>(socket)) {}
  ~deadline() { set_off(); }
  deadline(const deadline&) = delete;
  deadline& operator=(const deadline&) = delete;

  // Instead of the one before.
  void set(std::chrono::milliseconds after, ends what) {
    watch_->passed = false;
    const std::uint64_t turn = ++watch_->turn;
    watch_->timer.expires_after(after);
    watch_->timer.async_wait([w = watch_, turn, what](const boost::system::error_code& stopped) {
      if (!stopped && w->turn == turn)
        w->end(what);
    });
  }
  bool passed() const { return watch_->passed; }

 private:
  // Outlives the owner by the handlers that are under way, which then do nothing.
  struct watch {
    explicit watch(boost::asio::ip::tcp::socket& s) : socket(s), timer(s.get_executor()) {}
    // Not a cancellation: that would miss an operation which is between two of its steps.
    void end(ends what) {
      boost::system::error_code ignored;
      passed = true;
      if (what == ends::reading)
        socket.shutdown(boost::asio::ip::tcp::socket::shutdown_receive, ignored);
      else
        socket.close(ignored);
    }
    boost::asio::ip::tcp::socket& socket;
    boost::asio::steady_timer timer;
    std::uint64_t turn = 0;
    bool passed = false;
  };

  void set_off() {
    ++watch_->turn;
    watch_->timer.cancel();
  }

  std::shared_ptr<watch> watch_;
};

} // namespace proxy::admin
