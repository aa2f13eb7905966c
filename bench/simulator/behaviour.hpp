// How the simulator answers: every knob of the command line, of POST /__sim/config and of the
// x-sim-* headers, declared once. Knows no connection and no request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "bench/simulator/faults.hpp"
#include "bench/simulator/prices.hpp"

namespace simulator {

enum class token_measure : std::uint8_t { quarter, bytes };
enum class bill_instant : std::uint8_t { start, end, random };

struct behaviour {
  bool greedy = false;             // write all tokens the cap allows
  std::int64_t output_tokens = -1; // write min(this, cap); -1: a friendly sentence
  std::int64_t chunk_tokens = 0;   // tokens an event; 0: 1, or 1/256 of a long answer
  std::int64_t ttft_ms = 0;        // before the first token
  std::int64_t token_delay_ms = 0; // between events
  std::int64_t keepalive_ms = 12'000;
  std::int64_t idle_close_ms = 0;           // close idle connections; 0: never
  std::int64_t requests_per_connection = 0; // 0: no end
  std::int64_t flash_concurrency = 2500;
  std::int64_t pro_concurrency = 500;
  std::int64_t part_tokens = 1024;   // of an image or file given by reference
  double cached_fraction = 0;        // of the prompt's tokens
  bool cached_random = false;        // the fraction is drawn from [0, cached_fraction]
  bool gated = false;                // wait at the gate even while it is open to others
  bool cancel_on_disconnect = false; // stop generating, bill what was written
  bool bill_unanswered = true;       // stall, reset and garbage: inference ran, nobody heard
  token_measure tokens = token_measure::quarter;
  price_list prices = price_list::table;
  bill_instant billed = bill_instant::end;
  std::string legacy_model = "deepseek-flash"; // what serves deepseek-chat and -reasoner
  std::uint64_t seed = 1;
  std::vector<fault_share> faults; // the mix; the x-sim-fault header overrides it
  holiday_list holidays = known_holidays();
};

// Sets one knob by its name; empty if done, else the problem in words.
std::string set_option(behaviour& knobs, std::string_view name, const boost::json::value& value);

// The subset a request may set for itself, as header value text: x-sim-token-delay-ms: 5
std::string set_header_option(behaviour& knobs, std::string_view name, std::string_view text);

boost::json::object describe(const behaviour& knobs);

} // namespace simulator
