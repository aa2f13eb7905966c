// The upstream's addresses, looked up on a thread of its own and refreshed, last good kept: a slow
// name server never stops a data thread, which reads the list only when it opens a connection.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <sys/socket.h>

namespace proxy::upstream {

struct endpoint {
  sockaddr_storage address{};
  socklen_t length = 0;
};

// Whether a name may lead to where clouds keep machines' credentials: whoever controls the name
// server could otherwise have requests sent there.
enum class link_local : std::uint8_t { deny, allow };
bool is_link_local(const sockaddr_storage& address);

class resolver {
 public:
  // Looks up once before it returns (an address literal needs no name server), then every minute,
  // or every second until the first success.
  resolver(std::string host, std::uint16_t port, link_local metadata = link_local::deny);
  ~resolver();

  std::vector<endpoint> endpoints() const; // empty: never resolved yet

 private:
  void refresh();
  void run();

  const std::string host_;
  const std::string port_;
  const link_local metadata_;
  mutable std::mutex lock_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::vector<endpoint> found_;
  std::thread thread_;
};

} // namespace proxy::upstream
