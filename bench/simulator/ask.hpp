// One request for inference, read and validated as upstream would, whatever its format. Knows the
// four formats' fields; knows nothing of how the answer is sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <boost/json.hpp>

#include "bench/simulator/behaviour.hpp"
#include "bench/simulator/problem.hpp"
#include "bench/simulator/text.hpp"

namespace simulator {

enum class format : std::uint8_t { chat, fim, responses, anthropic };

inline constexpr std::int64_t context_tokens_max = 1'048'576;
inline constexpr std::int64_t output_tokens_max = 393'216;

struct tool_call {
  std::string name;
  std::string arguments; // JSON text
};

struct ask {
  format kind = format::chat;
  std::string asked_model;
  std::string model; // what serves it, as the answer names it
  family price_family = family::flash;
  std::string max_tokens_text; // as received
  std::int64_t output_cap = 0;
  std::int64_t prompt_tokens = 0;
  std::string question;
  std::optional<tool_call> call;
  bool stream = false;
  bool include_usage = false;
  bool thinking = true;
  bool effort_max = false;
  bool json_mode = false;
};

struct model_entry {
  std::string name;
  family price_family;
};
// Which model serves a name; nullopt: no such model.
std::optional<model_entry> serving(std::string_view asked, format kind, const behaviour& how);

// `beta`: the path was below /beta.
std::variant<ask, problem> read_ask(format kind, bool beta, std::string_view body,
                                    const behaviour& how);

} // namespace simulator
