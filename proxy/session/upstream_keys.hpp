// The account's real keys, where there are several: each thread asks them in turn by weight, and
// those that the upstream turned away rest for a while.
#pragma once

#include <array>
#include <deque>
#include <optional>

#include "policies/types.hpp"
#include "proxy/session/upstream_key.hpp"

namespace proxy::session {

class upstream_keys {
 public:
  static constexpr std::size_t count_max = 16;
  // One thread's place in the round.
  struct turns {
    std::array<int, count_max> credit{};
  };

  explicit upstream_keys(keys::epochs& readers) : readers_(readers) {}
  void add(std::string first, int weight); // before any thread reads

  std::size_t size() const { return keys_.size(); }
  std::string_view read(std::size_t index) const { return keys_[index].key.read(); }
  void replace(std::size_t index, std::string next) { keys_[index].key.replace(std::move(next)); }

  // Nobody is asked before `until` while another key can be. Thread-safe.
  void rest(std::size_t index, policies::instant until);

  // The key for a request that has asked those in `tried` (a bit each) in vain. Smooth weighted
  // round robin, as nginx has it. All resting: the one that rests shortest; nullopt: the request
  // has tried one, and no other is fit.
  std::optional<std::size_t> choose(turns& at, std::uint32_t tried, policies::instant now) const;

 private:
  struct one {
    one(std::string first, int its_weight, keys::epochs& readers)
        : key(std::move(first), readers), weight(its_weight) {}
    upstream_key key;
    int weight;
    std::atomic<std::int64_t> resting_until_ms{0};
  };
  keys::epochs& readers_;
  std::deque<one> keys_;
};

} // namespace proxy::session
