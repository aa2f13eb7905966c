// The networks and sites that each key is used from, at rest as notes: what a key's owner knows as
// its places is known after a restart, too.
#pragma once

#include <unordered_map>

#include "policies/insight/origins.hpp"
#include "proxy/session/sightings.hpp"
#include "proxy/stores/store.hpp"

namespace proxy::alerts {

class places {
 public:
  explicit places(stores::store& store) : store_(store) {}
  outcome<void> load();

  // What of a sighting is worth telling.
  policies::insight::verdicts note(const session::sighting& seen, policies::instant now,
                                   const policies::insight::rule_settings& by);
  // Writes what has changed, at most so many keys.
  void save(std::size_t keys_max);

 private:
  struct of_key {
    policies::insight::known_places networks;
    policies::insight::known_places sites;
    bool changed = false;
  };
  static std::string text_of(const of_key& what);
  static of_key parsed(const std::string& text);

  stores::store& store_;
  std::unordered_map<std::uint64_t, of_key> known_;
  std::vector<std::uint64_t> changed_;
};

} // namespace proxy::alerts
