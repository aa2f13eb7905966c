// What one answer will say and cost in tokens, decided before its first byte. Knows the request
// and chance; knows neither formats nor sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bench/simulator/ask.hpp"
#include "bench/simulator/clock.hpp"
#include "bench/simulator/text.hpp"

namespace simulator {

enum class ending : std::uint8_t { stop, length, tool_calls, aborted };

struct plan {
  std::string id;
  std::string model;
  std::int64_t created = 0; // seconds since the epoch
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t call_tokens = 0;
  std::int64_t output_cap = 0;
  token_text reasoning;
  token_text content;
  std::optional<tool_call> call;
  ending finish = ending::stop;
  bool thinking = false;
  bool include_usage = false; // null usage on all but the last chunk
  bool with_usage = true;     // false: the fault missing_usage

  std::int64_t output_tokens() const { return reasoning.tokens() + content.tokens() + call_tokens; }
};

plan make_plan(const ask& request, const behaviour& how, dice& chance, instant now);

} // namespace simulator
