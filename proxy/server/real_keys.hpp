// The account's real keys from where the configuration says they are, each kept fresh while the
// proxy runs.
#pragma once

#include <memory>
#include <vector>

#include "proxy/config/settings.hpp"
#include "proxy/secrets/key_keeper.hpp"
#include "proxy/session/upstream_keys.hpp"

namespace proxy::server {

class real_keys {
 public:
  // Every key is fetched once; a failure names the setting. `from` and `readers` outlive it.
  static outcome<std::unique_ptr<real_keys>> fetch(const config::upstream_settings& from,
                                                   keys::epochs& readers);
  void start();
  session::upstream_keys& keys() { return keys_; }
  void refused(std::size_t index) { keepers_[index]->refused(); }
  std::uint64_t failures() const;

 private:
  explicit real_keys(keys::epochs& readers) : keys_(readers) {}
  outcome<void> add(const config::weighted_secret& source, std::chrono::seconds refresh);
  session::upstream_keys keys_;
  std::vector<std::unique_ptr<secrets::key_keeper>> keepers_;
};

} // namespace proxy::server
