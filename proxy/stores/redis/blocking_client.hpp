// Asking Redis from threads that may wait: the admin plane, the journal's applier, upkeep. Each
// command goes to the node that serves its slot, and once more where Redis says that it came to the
// wrong one or in a wrong moment: nothing ran then. One batch at a time, with a deadline.
// Thread-safe.
#pragma once

#include <map>
#include <mutex>

#include "proxy/stores/redis/batch.hpp"
#include "proxy/stores/redis/topology.hpp"

namespace proxy::stores::redis {

// Of one batch, connecting and asking again included.
struct blocking_settings {
  std::chrono::milliseconds timeout{2000};
  std::size_t reply_bytes_max = 64u << 20;
};

class blocking_client {
 public:
  explicit blocking_client(topology& nodes, blocking_settings settings = {});
  // A topology of its own.
  blocking_client(address to, SSL_CTX* tls, blocking_settings settings = {});

  // One reply for each command, errors among them as they came; a failure: unknown what of it ran.
  // Commands of different slots may run in any order.
  outcome<std::vector<reply>> run(const batch& commands);
  // One command; an error reply is a failure, too.
  template <class... Text>
  outcome<reply> ask(const Text&... arguments) {
    batch one;
    one.add(arguments...);
    return single(one);
  }
  outcome<reply> single(const batch& one);
  // Grows with each connection made: a script cache may have been lost, or a whole Redis.
  std::uint64_t connections() const;

 private:
  using time = node_connection::time;
  struct pending {
    std::size_t index; // of the command
    place at;
    bool asking = false;
  };
  outcome<void> ask_all(const batch& commands, std::vector<pending>& open,
                        std::vector<reply>& replies, time until);
  outcome<void> ask_node(const batch& commands, std::span<const pending> some,
                         std::vector<reply>& replies, time until);
  bool place_all(const batch& commands, std::vector<pending>& open);
  std::vector<pending> redirected(std::span<const pending> asked, const std::vector<reply>& replies,
                                  bool& later);
  node_connection& to(const place& at);
  void forget_old_nodes();

  std::unique_ptr<topology> own_;
  topology& nodes_;
  blocking_settings settings_;
  mutable std::mutex lock_;
  std::map<place, node_connection> connections_;
  std::uint64_t seen_ = 0;   // version of the map
  std::uint64_t closed_ = 0; // connections made and forgotten
};

} // namespace proxy::stores::redis
