// Listens to an answer as it passes and learns what it cost: plain JSON or SSE, any of the formats,
// in bounded memory. What a cheap filter finds is parsed structurally at its depth: "usage" planted
// in text, tool arguments or echoed metadata is not usage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policies/pricing/price_table.hpp"
#include "policies/usage/inspect.hpp"

namespace policies::usage {

struct answer_facts {
  std::optional<pricing::token_usage> usage; // the last one that was complete
  std::string model;                         // as the answer names it; empty: not seen; <= 64 bytes
  bool finished = false; // SSE: [DONE], response.completed/.incomplete/.failed, message_stop seen
  bool is_error = false; // the body (or an SSE event) is an error object
};

// Plain JSON answers are kept up to `plain_max` bytes only when they arrive in pieces; larger ones
// are scanned as they pass. SSE keeps at most one partial event, up to `event_max`; a longer event
// is followed structurally without being kept (the Responses format's last event is megabytes).
class tap {
 public:
  enum class kind : std::uint8_t { plain, sse };
  struct bounds {
    std::size_t event_max = 256 * 1024;
  };

  tap() = default;
  void start(body_format format, kind what, bounds limits); // reuses memory of the last request
  void feed(std::string_view bytes); // payload after transfer decoding, any cut
  void finish();                     // end of body
  const answer_facts& facts() const { return facts_; }

 private:
  // The implementer chooses what else is kept; no allocation per request once warm.
  answer_facts facts_;
};

} // namespace policies::usage
