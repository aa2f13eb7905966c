// What the admin plane is given: the store it reads and writes, the owner's key, and the world's
// clock and randomness as arguments.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "policies/keys/secret.hpp"
#include "policies/pricing/price_table.hpp"
#include "policies/types.hpp"
#include "proxy/keys/key_directory.hpp"
#include "proxy/stores/key_store.hpp"

namespace proxy::alerts {
class service;
}

namespace proxy::admin {

// How long a connection may take, each counted from its beginning: no byte sent late moves it.
struct session_deadlines {
  std::chrono::milliseconds idle{60'000}; // between requests
  std::chrono::milliseconds head{10'000};
  std::chrono::milliseconds body{10'000};
  std::chrono::milliseconds write{30'000}; // a piece of an answer
  std::chrono::milliseconds linger{2'000}; // a client that still sends what nobody reads
};

// All of it outlives the server; every function is called by the admin plane's thread alone.
struct admin_context {
  stores::key_store& store;
  keys::key_directory& directory;
  policies::keys::secret_hash admin_key; // of the owner's key, which itself is kept nowhere
  std::function<std::string()> metrics; // Prometheus text
  std::function<policies::instant()> now;
  std::function<void(std::span<std::byte>)> random;
  const policies::pricing::price_table* prices;
  session_deadlines deadlines{};
  // Why no request should be sent here now; empty: it may. Absent: always.
  std::function<std::string()> not_ready{};
  std::string data_url{};            // of the data plane; empty: not known
  alerts::service* alerts = nullptr; // null: they are off
};

} // namespace proxy::admin
