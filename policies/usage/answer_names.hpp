// The names that matter in answers of all formats, and the kinds of event in streams. Knows the
// words; where they count is answer_scan's to say.
#pragma once

#include <cstdint>

#include "policies/usage/answer_scan.hpp"
#include "policies/usage/json_names.hpp"

namespace policies::usage {

enum class answer_member : std::uint8_t {
  other,
  model,
  type,
  error,
  usage,
  response,
  message,
  prompt_details,
  output_details,
  cached_tokens,
  reasoning_tokens,
  first_figure, // of those directly in a usage object, in the order of `figure`
};

constexpr answer_member member_of(figure what) {
  return static_cast<answer_member>(static_cast<std::uint8_t>(answer_member::first_figure) +
                                    static_cast<std::uint8_t>(what));
}

// The reverse of member_of, for first_figure and beyond.
constexpr figure figure_of(answer_member what) {
  return static_cast<figure>(static_cast<std::uint8_t>(what) -
                             static_cast<std::uint8_t>(answer_member::first_figure));
}

inline constexpr json::name_entry<answer_member> answer_member_names[] = {
    {"model", answer_member::model},
    {"type", answer_member::type},
    {"error", answer_member::error},
    {"usage", answer_member::usage},
    {"response", answer_member::response},
    {"message", answer_member::message},
    {"prompt_tokens_details", answer_member::prompt_details},
    {"input_tokens_details", answer_member::prompt_details},
    {"completion_tokens_details", answer_member::output_details},
    {"output_tokens_details", answer_member::output_details},
    {"cached_tokens", answer_member::cached_tokens},
    {"reasoning_tokens", answer_member::reasoning_tokens},
    {"prompt_tokens", member_of(figure::prompt_tokens)},
    {"completion_tokens", member_of(figure::completion_tokens)},
    {"prompt_cache_hit_tokens", member_of(figure::cache_hit)},
    {"input_tokens", member_of(figure::input_tokens)},
    {"output_tokens", member_of(figure::output_tokens)},
    {"cache_read_input_tokens", member_of(figure::cache_read)},
    {"cache_creation_input_tokens", member_of(figure::cache_creation)},
};
inline constexpr auto answer_members = json::make_name_table(answer_member_names);

inline constexpr json::name_entry<event_kind> event_kind_names[] = {
    {"error", event_kind::error},
    {"message_start", event_kind::message_start},
    {"message_delta", event_kind::message_delta},
    {"message_stop", event_kind::message_stop},
    {"response.completed", event_kind::response_end},
    {"response.incomplete", event_kind::response_end},
    {"response.failed", event_kind::response_end},
};
inline constexpr auto event_kinds = json::make_name_table(event_kind_names);

} // namespace policies::usage
