// What the admin plane is given: the store it reads and writes, the owner's key, and the world's
// clock and randomness as arguments.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "policies/pricing/price_table.hpp"
#include "policies/types.hpp"
#include "proxy/keys/key_directory.hpp"
#include "proxy/stores/key_store.hpp"

namespace proxy::admin {

// All of it outlives the server; every function is called by the admin plane's thread alone.
struct admin_context {
  stores::key_store& store;
  keys::key_directory& directory;
  std::string admin_key;
  std::function<std::string()> metrics; // Prometheus text
  std::function<policies::instant()> now;
  std::function<void(std::span<std::byte>)> random;
  const policies::pricing::price_table* prices;
};

} // namespace proxy::admin
