// What a token costs, when: rows with validity dates and peak hours, read from a TOML file by
// proxy/config and judged here. Missing holiday data means peak: the dearer guess is the safe one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policies/types.hpp"

namespace policies::pricing {

// Price of one token, in pico-dollars ($0.15 per 1M tokens = 150,000 pico-dollars a token).
struct token_price {
  pico_usd cache_hit;
  pico_usd cache_miss;
  pico_usd output;
  bool operator==(const token_price&) const = default;
};

struct minute_range {
  int from = 0; // minutes after midnight, UTC
  int until = 0;
};

// One model's prices over [from, until). `peak_hours`: hours of the row's own, every day of the
// week, instead of the calendar's (the night discount of 2025 was such); empty: the calendar's.
struct price_row {
  std::string model;
  instant from;
  instant until; // instant::max(): open
  token_price off_peak;
  token_price peak;
  std::vector<minute_range> peak_hours{};
};

// Price of one call of a route without tokens (tools), in pico-dollars, over [from, until).
struct call_price_row {
  std::string call; // "search", "fetch", ...
  instant from;
  instant until;
  pico_usd price;
};

// Asked name (exact, or a prefix ending in *) -> the models that may answer it.
struct alias_row {
  std::string asked;
  std::vector<std::string> served;
};

// Peak hours and the days they do not apply. `holidays_known_until`: from then on every weekday
// counts as a working day.
struct peak_calendar {
  std::vector<minute_range> hours;
  std::vector<std::chrono::sys_days> holidays; // weekdays without peak
  std::vector<std::chrono::sys_days>
      working_weekends; // weekend days, if peak applied; usually none
  instant since;        // no peak before
  std::chrono::sys_days holidays_known_until = std::chrono::sys_days::max();
};

struct price_data {
  std::vector<price_row> models;
  std::vector<call_price_row> calls;
  std::vector<alias_row> aliases;
  peak_calendar peak;
};

// Tokens of one answer as the upstream counts them.
struct token_usage {
  tokens cached;    // prompt tokens served from cache
  tokens prompt;    // prompt tokens not served from cache
  tokens output;    // reasoning included
  tokens reasoning; // the part of output that was reasoning; informative
  tokens total() const { return cached + prompt + output; }
  bool operator==(const token_usage&) const = default;
};

// cached x hit + prompt x miss + output x output, rounded up to a nano-dollar. Counts below 0 are
// taken for 0; what would pass cost_max is cost_max.
inline constexpr nano_usd cost_max{9'000'000'000'000'000};
nano_usd cost_of(const token_usage& usage, const token_price& price);

class price_table {
 public:
  price_table() = default;
  explicit price_table(price_data data);

  bool is_peak(instant at) const;

  // The price of `model` (exact name as the upstream's answer gives it, or an alias) at one
  // instant; of several models behind an alias the dearest; nullopt: unpriced.
  std::optional<token_price> at(std::string_view model, instant when) const;

  // Component-wise dearest price over every model `asked` may be served by and every instant in
  // [from, until]. nullopt if any model it could lead to has no price anywhere in that time: a
  // hold must cover what may be billed. A name with rows of its own is served by these where they
  // apply, by its alias where they do not; of aliases the exact one wins, then the longest prefix.
  std::optional<token_price> dearest(std::string_view asked, instant from, instant until) const;

  // The dearest price of one call over [from, until]; nullopt: unpriced.
  std::optional<pico_usd> call_price(std::string_view call, instant from, instant until) const;

  bool empty() const { return data_.models.empty(); }
  const price_data& data() const { return data_; }

 private:
  const alias_row* alias_of(std::string_view asked) const;
  std::span<const price_row> rows_of(std::string_view model) const;

  price_data data_; // rows sorted by model and date, days by date, aliases with longer names first
};

} // namespace policies::pricing
