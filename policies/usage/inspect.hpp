// Reads a JSON request body in one pass for what limits need, and refuses what two parsers could
// read differently. Never builds a document: views and offsets into the body.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "policies/types.hpp"

namespace policies::usage {

enum class body_format : std::uint8_t { chat, fim, responses, anthropic, opaque };

// Where a value stands in the body: body.substr(offset, length).
struct span_of {
  std::size_t offset = 0;
  std::size_t length = 0;
};

struct output_cap {
  std::string_view name;              // "max_tokens", "max_completion_tokens", "max_output_tokens"
  span_of value;                      // the number or null
  std::optional<std::int64_t> tokens; // nullopt: null
};

struct inspection {
  std::string_view model; // raw text between the quotes; escapes in it are refused
  span_of model_value;    // with quotes
  bool stream = false;
  bool include_usage = false;       // stream_options.include_usage
  std::array<output_cap, 3> caps{}; // those present
  std::size_t cap_count = 0;
  std::int64_t multiplicity = 1; // max of n, best_of, times the prompts of a FIM array; < 2^31
  // Upper bound of prompt tokens: raw bytes of every value that can reach the model (all but known
  // control fields), + 64 a message (one at the least), prompt or system text, + the bytes of
  // `tools` once more and of tool calls' arguments twice more, + what the template says around
  // tools (1024) and for the highest effort (256). Not capped at the context.
  tokens prompt_bound;
  std::size_t message_count = 0;
  bool unbounded_prompt = false; // parts by URL or file id, server-side tools, previous_response_id
  bool has_images = false;       // image parts: need the permission `images`
  bool thinking_disabled = false; // thinking.type = disabled, reasoning_effort none
  bool reasoning_max = false;     // reasoning_effort (or reasoning.effort) max
  std::size_t insert_at = 0;      // offset right after the opening brace: where a missing cap goes
  bool empty_object = false;      // no member follows: insertion takes no comma
};

// Status is always 400; `message` names field, value and range, never echoes more than 64 bytes.
struct inspect_error {
  std::string message;
  std::string_view param; // the field, or empty
};

struct inspect_limits {
  std::size_t depth_max = 64; // of nested containers, the body included; 512 at the most
};

// Refuses: not an object, BOM, bytes after the document, invalid UTF-8, depth, duplicate or
// case-folded twins (escapes decoded) of any top-level name acted on and of the options read inside
// stream_options, thinking and reasoning, caps/n/best_of/stream/model of the wrong type or out of
// [1, 2^31), missing or empty model. A name in other letters is refused even without its twin.
std::variant<inspection, inspect_error> inspect(body_format format, std::string_view body,
                                                const inspect_limits& limits);

// The largest output the request could ask for and the default where none is given:
// 8K without thinking, 64K with (default), 128K with reasoning max; never above `output_max`.
tokens wanted_output(const inspection& request, body_format format, tokens output_max);

} // namespace policies::usage
