// What ledger entries add to the sums: pure, the same for every store.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "proxy/journal/entry.hpp"
#include "proxy/stores/key_store.hpp"

namespace proxy::stores {

// Stands for all keys together: a row of its own, so that the account's usage is as quickly read as
// a key's.
inline constexpr std::uint64_t account_key = 0;

// The row that an entry counts in; its model lies in the entry.
struct roll_up_place {
  std::uint64_t key = account_key;
  std::int64_t hour = 0;  // of the outcome or the tally
  std::string_view model; // as answered, else as asked; empty for refusals
  std::uint8_t feature = 0;
  bool operator==(const roll_up_place&) const = default;
};

struct roll_up_key {
  std::uint64_t key = account_key;
  std::int64_t hour = 0;
  std::string model;
  std::uint8_t feature = 0;
  roll_up_place place() const { return {key, hour, model, feature}; }
};

// nullopt: an intent, which counts when its outcome does.
std::optional<roll_up_place> place_of(const journal::entry& e);
std::optional<minute_row> minute_of(const journal::entry& e);
usage_sums sums_of(const journal::entry& e); // of none but outcomes and tallies
void add_to(policies::analytics::spread& counts, const journal::entry& e); // nor this
inline constexpr std::int64_t ms_per_minute = 60'000;

// The rows of a batch of entries. A row is found by the entry's own bytes, so that only a new row
// allocates.
class roll_ups {
  struct hash {
    using is_transparent = void;
    std::size_t operator()(const roll_up_place& at) const;
    std::size_t operator()(const roll_up_key& at) const { return (*this)(at.place()); }
  };
  struct same {
    using is_transparent = void;
    bool operator()(const roll_up_key& a, const roll_up_key& b) const {
      return a.place() == b.place();
    }
    bool operator()(const roll_up_place& a, const roll_up_key& b) const { return a == b.place(); }
    bool operator()(const roll_up_key& a, const roll_up_place& b) const { return a.place() == b; }
  };

 public:
  struct row {
    usage_sums sums;
    policies::analytics::spread spread;
    row& operator+=(const row& other);
  };
  using table = std::unordered_map<roll_up_key, row, hash, same>;

  // False: an intent, of which nothing is added.
  bool add(const journal::entry& e);
  // The account's rows from those of the keys: once, when all is added.
  void add_account();
  const table& rows() const { return rows_; }

 private:
  row& at(const roll_up_place& place);

  table rows_;
};

} // namespace proxy::stores
