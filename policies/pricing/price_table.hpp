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

// One model's prices over [from, until).
struct price_row {
  std::string model;
  instant from;
  instant until; // instant::max(): open
  token_price off_peak;
  token_price peak;
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

struct minute_range {
  int from = 0; // minutes after midnight, UTC
  int until = 0;
};

// Peak hours and the days they do not apply. `holidays_known_until`: from then on every weekday
// counts as a working day.
struct peak_calendar {
  std::vector<minute_range> hours;
  std::vector<std::chrono::sys_days> holidays;         // weekdays without peak
  std::vector<std::chrono::sys_days> working_weekends; // weekend days, if peak applied; usually none
  instant since;                                       // no peak before
};

struct price_data {
  std::vector<price_row> models;
  std::vector<call_price_row> calls;
  std::vector<alias_row> aliases;
  peak_calendar peak;
};

// Tokens of one answer as the upstream counts them.
struct token_usage {
  tokens cached;     // prompt tokens served from cache
  tokens prompt;     // prompt tokens not served from cache
  tokens output;     // reasoning included
  tokens reasoning;  // the part of output that was reasoning; informative
  tokens total() const { return cached + prompt + output; }
  bool operator==(const token_usage&) const = default;
};

// cached x hit + prompt x miss + output x output, rounded up to a nano-dollar.
nano_usd cost_of(const token_usage& usage, const token_price& price);

class price_table {
 public:
  price_table() = default;
  explicit price_table(price_data data);

  bool is_peak(instant at) const;

  // The price of `model` (exact name as the upstream's answer gives it, or an alias) at one
  // instant; nullopt: unpriced.
  std::optional<token_price> at(std::string_view model, instant when) const;

  // Component-wise dearest price over every model `asked` may be served by and every instant in
  // [from, until]. nullopt if any model it could lead to has no price anywhere in that time: a
  // hold must cover what may be billed.
  std::optional<token_price> dearest(std::string_view asked, instant from, instant until) const;

  std::optional<pico_usd> call_price(std::string_view call, instant from, instant until) const;

  bool empty() const { return data_.models.empty(); }
  const price_data& data() const { return data_; }

 private:
  price_data data_;
};

} // namespace policies::pricing
