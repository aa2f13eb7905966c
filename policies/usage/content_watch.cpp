// The names and types that parts of a prompt are told by.
#include "policies/usage/content_watch.hpp"

namespace policies::usage {
namespace {

constexpr json::name_entry<part_name> part_names[] = {
    {"type", part_name::type},
    {"input", part_name::tool_input},
    {"arguments", part_name::arguments},
    {"image", part_name::image},
    {"images", part_name::image},
    {"image_url", part_name::image},
    {"image_file", part_name::image},
    {"input_image", part_name::image},
    {"file", part_name::reference},
    {"files", part_name::reference},
    {"file_id", part_name::reference},
    {"file_ids", part_name::reference},
    {"file_url", part_name::reference},
    {"file_data", part_name::reference},
    {"input_file", part_name::reference},
    {"audio", part_name::reference},
    {"audio_url", part_name::reference},
    {"input_audio", part_name::reference},
    {"video", part_name::reference},
    {"video_url", part_name::reference},
    {"document", part_name::reference},
    {"documents", part_name::reference},
    {"attachments", part_name::reference},
    {"encrypted_content", part_name::reference},
    {"previous_response_id", part_name::reference},
    {"conversation", part_name::reference},
};

constexpr json::name_entry<part_type> part_types[] = {
    {"text", part_type::text},
    {"message", part_type::text},
    {"function", part_type::text},
    {"custom", part_type::text},
    {"refusal", part_type::text},
    {"input_text", part_type::text},
    {"output_text", part_type::text},
    {"summary_text", part_type::text},
    {"reasoning_text", part_type::text},
    {"reasoning", part_type::text},
    {"function_call", part_type::text},
    {"function_call_output", part_type::text},
    {"custom_tool_call", part_type::text},
    {"custom_tool_call_output", part_type::text},
    {"tool_use", part_type::text},
    {"tool_result", part_type::text},
    {"thinking", part_type::text},
    {"ephemeral", part_type::text}, // cache_control
    {"image", part_type::image},
    {"image_url", part_type::image},
    {"image_file", part_type::image},
    {"input_image", part_type::image},
    {"computer_screenshot", part_type::image},
};

constexpr auto part_name_table = json::make_name_table(part_names);
constexpr auto part_type_table = json::make_name_table(part_types);

} // namespace

part_name part_name_of(const json::string_token& name) {
  return part_name_table.find(name).id();
}

part_type part_type_of(const json::string_token& value) {
  const auto found = part_type_table.find(value);
  if (found.id() == part_type::text && !found.exact)
    return part_type::unknown;
  return found.id();
}

void tools_watch::text(std::size_t depth, const json::string_token& value) {
  if (depth == element_depth)
    outside_ = true;
  if (!announced_)
    return;
  announced_ = false;
  typed_ = true;
  const bool custom = value.raw == "custom";
  outside_ |= !(custom || (!anthropic_ && value.raw == "function"));
}

void tools_watch::scalar(std::size_t depth, std::string_view value) {
  if (depth == element_depth)
    outside_ = true;
  outside_ |= announced_ && !json::is_null(value);
  announced_ = false;
}

void tools_watch::open(std::size_t depth) {
  if (depth == element_depth) {
    ++elements_;
    typed_ = false;
  }
  outside_ |= announced_;
  announced_ = false;
}

void tools_watch::close(std::size_t depth) {
  if (depth == element_depth)
    outside_ |= !typed_ && !anthropic_;
}

} // namespace policies::usage
