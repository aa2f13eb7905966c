// The keys' own settings of the rules, at rest as notes. Thread-safe: the admin plane changes what
// the watcher reads.
#pragma once

#include <mutex>
#include <unordered_map>

#include <boost/json.hpp>

#include "policies/insight/key_settings.hpp"
#include "proxy/stores/store.hpp"

namespace proxy::alerts {

class key_rules {
 public:
  explicit key_rules(stores::store& store) : store_(store) {}
  outcome<void> load();
  policies::insight::key_settings of(policies::key_id key) const;
  // At rest when this returns; empty ones are none.
  outcome<void> put(policies::key_id key, const policies::insight::key_settings& to);

 private:
  stores::store& store_;
  mutable std::mutex lock_;
  std::unordered_map<std::uint64_t, policies::insight::key_settings> all_;
};

// {"volume_factor": 3, "muted": ["new_network"]}; a failure says what is wrong with which member.
outcome<policies::insight::key_settings> key_settings_in(const boost::json::object& from);
boost::json::object view_of(const policies::insight::key_settings& what);

} // namespace proxy::alerts
