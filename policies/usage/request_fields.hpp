// The top-level names of request bodies that the proxy knows, and what each means to it. Knows the
// names; the reading is inspect's.
#pragma once

#include <cstdint>

#include "policies/usage/json_names.hpp"

namespace policies::usage {

// Those up to `last_acted_on` may stand once only, spelt exactly so.
enum class field : std::uint8_t {
  unknown, // counts, and is searched for references
  model,
  stream,
  stream_options,
  messages,
  input,
  prompt,
  suffix,
  system,
  instructions,
  tools,
  n,
  best_of,
  max_tokens,
  max_completion_tokens,
  max_output_tokens,
  thinking,
  reasoning_effort,
  reasoning,
  previous_response_id,
  last_acted_on = previous_response_id,
  control,   // never reaches the model
  schema,    // counts; its keys are the client's own words, so it is not searched
  functions, // the older spelling of tools
  outside,   // refers to content that is not in the body
};

inline constexpr json::name_entry<field> request_field_names[] = {
    {"model", field::model},
    {"stream", field::stream},
    {"stream_options", field::stream_options},
    {"messages", field::messages},
    {"input", field::input},
    {"prompt", field::prompt},
    {"suffix", field::suffix},
    {"system", field::system},
    {"instructions", field::instructions},
    {"tools", field::tools},
    {"n", field::n},
    {"best_of", field::best_of},
    {"max_tokens", field::max_tokens},
    {"max_completion_tokens", field::max_completion_tokens},
    {"max_output_tokens", field::max_output_tokens},
    {"thinking", field::thinking},
    {"reasoning_effort", field::reasoning_effort},
    {"reasoning", field::reasoning},
    {"previous_response_id", field::previous_response_id},
    {"temperature", field::control},
    {"top_p", field::control},
    {"top_k", field::control},
    {"presence_penalty", field::control},
    {"frequency_penalty", field::control},
    {"logprobs", field::control},
    {"top_logprobs", field::control},
    {"logit_bias", field::control},
    {"seed", field::control},
    {"stop", field::control},
    {"stop_sequences", field::control},
    {"user", field::control},
    {"user_id", field::control},
    {"service_tier", field::control},
    {"store", field::control},
    {"parallel_tool_calls", field::control},
    {"response_format", field::schema},
    {"text", field::schema},
    {"output_config", field::schema},
    {"tool_choice", field::schema},
    {"function_call", field::schema},
    {"metadata", field::schema},
    {"functions", field::functions},
    {"conversation", field::outside},
    {"container", field::outside},
    {"mcp_servers", field::outside},
    {"web_search_options", field::outside},
    {"tool_resources", field::outside},
    {"attachments", field::outside},
    {"file_ids", field::outside},
    {"vector_store_ids", field::outside},
};

inline constexpr auto request_fields = json::make_name_table(request_field_names);

} // namespace policies::usage
