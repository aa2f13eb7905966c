// Wakes a thread that waits for a while: ringing is one system call, waits for nobody and is never
// lost.
#pragma once

#include <chrono>
#include <stdexcept>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace proxy::request_log {

class bell {
 public:
  bell() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0)
      throw std::runtime_error("eventfd: no descriptor is left");
  }
  bell(const bell&) = delete;
  bell& operator=(const bell&) = delete;
  ~bell() { ::close(descriptor_); }

  void ring() const { ::eventfd_write(descriptor_, 1); }
  void wait(std::chrono::milliseconds most) const {
    pollfd rung{descriptor_, POLLIN, 0};
    eventfd_t times = 0;
    if (::poll(&rung, 1, static_cast<int>(most.count())) > 0)
      ::eventfd_read(descriptor_, &times);
  }

 private:
  int descriptor_;
};

} // namespace proxy::request_log
