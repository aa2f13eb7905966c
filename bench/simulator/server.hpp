// The simulator as a whole: listener, threads and shared world, to run as a program or inside a
// test. Knows no endpoint.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bench/simulator/world.hpp"

namespace simulator {

struct server_settings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0; // 0: any free one
  std::string key = "sk-simulator";
  bool any_key = false;
  std::string tls_certificate_file;
  std::string tls_key_file;
  unsigned threads = 1;
  behaviour how;
};

class server {
 public:
  // Listens and serves on return; throws std::exception if it cannot.
  explicit server(const server_settings& settings);
  ~server(); // stops
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  std::uint16_t port() const;
  std::string url() const; // http://127.0.0.1:9090
  world& state();
  void stop(); // ends all connections; what was owed is on the bill

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace simulator
