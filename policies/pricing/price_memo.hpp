// Prices that were just asked for. Requests ask for the same few models minute by minute, and where
// prices change at whole minutes only, all stretches between the same two minutes cost the same.
#pragma once

#include <array>
#include <cstdint>

#include "policies/pricing/price_table.hpp"

namespace policies::pricing {

// As price_table, to the last digit. One for each thread.
class price_memo {
 public:
  explicit price_memo(const price_table& table);

  std::optional<token_price> dearest(std::string_view asked, instant from, instant until);
  std::optional<pico_usd> call_price(std::string_view call, instant from, instant until) const {
    return table_.call_price(call, from, until);
  }

 private:
  struct known {
    std::string asked;
    std::int64_t from_minute = -1;
    std::int64_t until_minute = -1;
    std::optional<token_price> price;
  };
  static constexpr std::size_t places = 32;
  static constexpr std::size_t name_bytes_max = 64;

  const price_table& table_;
  bool whole_minutes_;
  std::array<known, places> known_;
};

} // namespace policies::pricing
