// The networks and sites that each key is used from, at rest as notes: what a key's owner knows as
// its places is known after a restart, too, and to the other proxies on the same store.
#pragma once

#include <unordered_map>

#include "policies/insight/origins.hpp"
#include "proxy/session/sightings.hpp"
#include "proxy/stores/store.hpp"

namespace proxy::alerts {

class places {
 public:
  // `shared`: other proxies write to the store as well.
  places(stores::store& store, bool shared) : store_(store), shared_(shared) {}
  // Beside what is known already, what the store knows.
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
  void merge(std::uint64_t key, of_key theirs);
  void mark(std::uint64_t key, of_key& what);
  static std::string text_of(const of_key& what);
  static of_key parsed(const std::string& text);

  stores::store& store_;
  bool shared_;
  std::unordered_map<std::uint64_t, of_key> known_;
  std::vector<std::uint64_t> changed_;
};

} // namespace proxy::alerts
