// From the settings to the store they ask for, recovered and with its journal.
#pragma once

#include <memory>

#include "proxy/config/settings.hpp"
#include "proxy/keys/key_directory.hpp"
#include "proxy/stores/file_owners.hpp"
#include "proxy/stores/redis/address.hpp"
#include "proxy/stores/store.hpp"

namespace proxy::server {

// Where store.url leads, with the password from where store.password says.
outcome<stores::redis::address> redis_address(const config::settings& settings);

struct store_circumstances {
  keys::key_directory& directory;
  policies::instant now;
  bool pretended_clock = false; // then limits go by it, too, whatever Redis's says
  // Told of what was applied, as journal::keeper::watch() says; empty: nobody.
  std::function<void(std::span<const journal::batch>)> applied{};
};
outcome<std::unique_ptr<stores::store>> open_store(const config::settings& settings,
                                                   const store_circumstances& around);

} // namespace proxy::server
