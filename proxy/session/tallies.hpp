// Refusals of known keys, counted per key and code and journalled as one entry each half second:
// a flood of refusals must not fill the ledger. A crash loses at most that half second of counts.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "policies/admission/refusal.hpp"
#include "policies/types.hpp"
#include "proxy/journal/lane.hpp"

namespace proxy::session {

class tallies {
 public:
  void count(policies::key_id key, policies::admission::refusal_code code) {
    ++counts_[{key.value, static_cast<std::uint8_t>(code)}];
  }
  // Entries that find no room stay counted.
  void flush(journal::lane& lane, std::int64_t now_ms);

 private:
  struct subject {
    std::uint64_t key;
    std::uint8_t code;
    bool operator==(const subject&) const = default;
  };
  struct hash {
    std::size_t operator()(const subject& s) const { return s.key * 31 + s.code; }
  };
  std::unordered_map<subject, std::uint32_t, hash> counts_;
};

} // namespace proxy::session
