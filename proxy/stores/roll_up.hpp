// What one ledger entry adds to the sums: pure, the same for every store.
#pragma once

#include <optional>
#include <string>

#include "proxy/journal/entry.hpp"
#include "proxy/stores/key_store.hpp"

namespace proxy::stores {

// Stands for all keys together: a row of its own, so that the account's usage is as quickly read as
// a key's.
inline constexpr std::uint64_t account_key = 0;

struct roll_up_key {
  std::uint64_t key = account_key;
  std::int64_t hour = 0; // of the outcome or the tally
  std::string model;     // as answered, else as asked; empty for refusals
  std::uint8_t feature = 0;
  bool operator==(const roll_up_key&) const = default;
};

struct roll_up {
  roll_up_key where;
  usage_sums sums;
  policies::analytics::spread spread;
};

// nullopt: an intent, which counts when its outcome does.
std::optional<roll_up> roll_up_of(const journal::entry& e);
std::optional<minute_row> minute_of(const journal::entry& e);
inline constexpr std::int64_t ms_per_minute = 60'000;

} // namespace proxy::stores
