// Where Redis is: found out on a thread of its own, from sentinels, the nodes of a cluster or a
// name server, again and again and whenever somebody doubts it; many doubts make one look. Everyone
// who speaks to Redis follows it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "proxy/stores/redis/node_connection.hpp"
#include "proxy/stores/redis/node_map.hpp"

namespace proxy::stores::redis {

struct topology_settings {
  std::chrono::milliseconds ask_timeout{500};    // each sentinel or node
  std::chrono::milliseconds sentinel_every{500}; // between two looks nobody asked for
  std::chrono::milliseconds cluster_every{5000};
  std::chrono::milliseconds name_every{60'000};
  std::chrono::milliseconds unknown_every{1000}; // until the first success
  std::chrono::milliseconds rest{50};            // after each look, whoever doubts
};

class topology {
 public:
  using time = node_connection::time;
  // Looks once before it returns. `tls`: nullptr for plain.
  topology(address where, SSL_CTX* tls, topology_settings settings = {});
  ~topology();
  topology(const topology&) = delete;
  topology& operator=(const topology&) = delete;

  // All thread-safe.
  std::shared_ptr<const node_map> map() const;
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  void doubt(); // never blocks
  // Waits for a look that began after this call, or the time.
  void look_again(time until);
  std::string trouble() const; // why nothing was found; empty: it was

  const address& where() const { return where_; }
  SSL_CTX* tls() const { return tls_; }

 private:
  void run();
  void look();
  outcome<node_map> find();
  outcome<node_map> find_named();
  outcome<node_map> ask_in_turn(const std::vector<place>& whom);
  outcome<node_map> ask_one(const place& whom);
  void publish(node_map found);
  std::chrono::milliseconds pause() const;

  const address where_;
  SSL_CTX* const tls_;
  const topology_settings settings_;
  std::map<place, node_connection> asking_; // the thread's
  std::size_t next_ = 0;                    // whom to ask first
  mutable std::mutex lock_;
  std::condition_variable wake_;   // the thread
  std::condition_variable looked_; // who waits for a look
  bool stopping_ = false;
  bool doubted_ = false;
  std::uint64_t begun_ = 0; // looks
  std::uint64_t ended_ = 0;
  std::shared_ptr<const node_map> map_;
  std::string trouble_;
  std::atomic<std::uint64_t> version_{0};
  std::thread thread_;
};

} // namespace proxy::stores::redis
