// Accepts clients for one thread: each thread has a socket of its own on the shared port, and the
// kernel spreads connections over them.
#pragma once

#include <functional>
#include <string>

#include "policies/access/ip_list.hpp"
#include "proxy/config/settings.hpp"
#include "proxy/error.hpp"
#include "proxy/io/reactor.hpp"
#include "proxy/io/stream.hpp"

namespace proxy::server {

// A listening socket with SO_REUSEPORT, and the address it got (port 0: the kernel chose).
struct bound_socket {
  int descriptor = -1;
  config::host_port address;
};
// `exclusive` finds out whether another process listens there: two proxies of one user could share
// a port without noticing.
enum class port_sharing : std::uint8_t { exclusive, with_own_threads };
outcome<bound_socket> listen_on(const config::host_port& where, port_sharing sharing);

// Where a listening socket that was handed in listens.
config::host_port address_of_listener(int descriptor);
// Whose a connection is.
policies::access::ip_address peer_of(int descriptor);

class listener final : public io::watched {
 public:
  using on_client = std::function<void(io::stream&, policies::access::ip_address)>;

  // Takes the descriptor. Retired by close().
  static listener* open(io::reactor& loop, int descriptor, on_client accepted);
  void close();

  void on_events(std::uint32_t events) override;
  void on_deadline(io::deadline now) override; // the pause after running out of descriptors is over
  void on_drain() override { close(); }
  void on_stop() override { close(); }
  ~listener() override;

 private:
  listener(io::reactor& loop, int descriptor, on_client accepted);
  void accept_all();
  void out_of_descriptors();

  io::reactor& loop_;
  int descriptor_;
  int reserve_; // given up to turn a client away when no other descriptor is left
  on_client accepted_;
};

} // namespace proxy::server
