// What of each format's body is prompt: strings the model reads, schemas it is shown, and the
// template around them.
#include "bench/simulator/prompt.hpp"

#include <algorithm>
#include <array>

#include "bench/simulator/tools.hpp"

namespace simulator {
namespace {

constexpr std::int64_t message_template_tokens = 8;
constexpr std::int64_t fim_template_tokens = 3;
constexpr std::int64_t tool_template_tokens = 16;

// The last text a user wrote, of a string or of content parts.
std::string last_text(const json::value& content) {
  if (const auto* text = content.if_string())
    return std::string(*text);
  std::string found;
  if (const auto* parts = content.if_array())
    for (const auto& part : *parts)
      if (const auto* object = part.if_object())
        if (const auto* text = object->if_contains("text"); text && text->is_string())
          found = std::string(text->get_string());
  return found;
}

void read_messages(fields& in, prompt_size& size, ask& out) {
  static constexpr std::array roles = {"system", "user", "assistant", "tool", "developer"};
  const auto* messages = in.list("messages");
  if (!messages) {
    in.fail(unprocessable("missing field `messages`"));
    return;
  }
  if (messages->empty())
    in.fail(bad_request("Empty input messages"));
  for (const auto& entry : *messages) {
    const auto* message = entry.if_object();
    const auto* role = message ? message->if_contains("role") : nullptr;
    if (!role || !role->is_string()) {
      in.fail(unprocessable("messages: missing field `role`"));
      return;
    }
    if (std::find(roles.begin(), roles.end(), role->get_string()) == roles.end()) {
      in.fail(unprocessable("messages: unknown variant of `role`"));
      return;
    }
    size.template_tokens += message_template_tokens;
    size.add_strings(entry);
    const auto* content = message->if_contains("content");
    if (role->get_string() == "user" && content)
      out.question = last_text(*content);
    else if (role->get_string() == "tool")
      out.question.clear();
  }
}

// The Responses API's input: a text, or messages and other items.
void read_input(fields& in, prompt_size& size, ask& out) {
  const auto* input = in.find("input");
  if (!input) {
    in.fail(unprocessable("missing field `input`"));
    return;
  }
  size.template_tokens += message_template_tokens;
  size.add_strings(*input);
  if (const auto* items = input->if_array()) {
    size.template_tokens += static_cast<std::int64_t>(items->size()) * message_template_tokens;
    for (const auto& item : *items)
      if (const auto* object = item.if_object())
        if (const auto* content = object->if_contains("content"))
          out.question = last_text(*content);
  } else if (input->is_string()) {
    out.question = std::string(input->get_string());
  } else {
    in.fail(unprocessable("input: invalid type, expected a string or a sequence"));
  }
}

void read_tools(fields& in, prompt_size& size, ask& out) {
  const auto* tools = in.list("tools");
  if (tools) {
    size.add_schema(*in.find("tools"));
    size.template_tokens += static_cast<std::int64_t>(tools->size()) * tool_template_tokens;
  }
  const bool asked_to = out.question.find("call the tool") != std::string::npos;
  out.call = choose_tool(tools, in.find("tool_choice"), asked_to);
}

// A schema that the answer must obey is shown to the model; other formats are not.
void read_answer_schema(fields& in, prompt_size& size) {
  const auto* wanted = in.find("response_format");
  if (!wanted)
    if (const auto* text = in.find("text"); text && text->is_object())
      wanted = text->get_object().if_contains("format");
  const auto* object = wanted ? wanted->if_object() : nullptr;
  const auto* type = object ? object->if_contains("type") : nullptr;
  if (type && *type == "json_schema")
    size.add_schema(*wanted);
}

void read_extra(fields& in, std::string_view name, prompt_size& size) {
  if (const auto* value = in.find(name)) {
    size.add_strings(*value);
    size.template_tokens += message_template_tokens;
  }
}

} // namespace

prompt_size read_prompt(fields& in, ask& out) {
  prompt_size size;
  switch (out.kind) {
  case format::fim:
    out.question = std::string(in.required_text("prompt"));
    size.bytes += static_cast<std::int64_t>(out.question.size() + in.text("suffix").size());
    size.template_tokens += fim_template_tokens;
    return size;
  case format::responses:
    read_extra(in, "instructions", size);
    read_input(in, size, out);
    break;
  case format::anthropic:
    read_extra(in, "system", size);
    read_messages(in, size, out);
    break;
  case format::chat:
    read_messages(in, size, out);
    break;
  }
  read_tools(in, size, out);
  read_answer_schema(in, size);
  return size;
}

} // namespace simulator
