// A call happens where tool_choice demands one or the prompt asks for it; its arguments are the
// plainest values that the declared schema allows.
#include "bench/simulator/tools.hpp"

namespace simulator {
namespace {

namespace json = boost::json;

const json::object* object_at(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  return value ? value->if_object() : nullptr;
}

std::string text_at(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

// {"type":"function","function":{…}} (chat), {"type":"function","name":…} (Responses), {"name":…}.
const json::object& declaration(const json::object& tool) {
  const auto* inner = object_at(tool, "function");
  return inner ? *inner : tool;
}

json::value plainest(const json::object& schema) {
  if (const auto* choices = schema.if_contains("enum"))
    if (const auto* list = choices->if_array(); list && !list->empty())
      return list->front();
  const std::string type = text_at(schema, "type");
  if (type == "integer" || type == "number")
    return 1;
  if (type == "boolean")
    return true;
  if (type == "array")
    return json::array{};
  if (type == "object")
    return json::object{};
  return "simulator";
}

std::string arguments_for(const json::object& declared) {
  const auto* schema = object_at(declared, "parameters");
  if (!schema)
    schema = object_at(declared, "input_schema");
  json::object arguments;
  if (const auto* properties = schema ? object_at(*schema, "properties") : nullptr)
    for (const auto& [name, property] : *properties)
      arguments[name] = property.is_object() ? plainest(property.get_object()) : "simulator";
  return json::serialize(arguments);
}

struct demand {
  bool forbidden = false;
  bool required = false;
  std::string name;
};

demand read_choice(const json::value* choice) {
  demand found;
  if (!choice)
    return found;
  std::string word;
  if (const auto* text = choice->if_string())
    word = std::string(*text);
  if (const auto* object = choice->if_object()) {
    word = text_at(*object, "type");
    found.name = text_at(declaration(*object), "name");
  }
  found.forbidden = word == "none";
  found.required = word == "required" || word == "any" || word == "tool" || word == "function";
  return found;
}

} // namespace

std::optional<tool_call> choose_tool(const json::array* tools, const json::value* choice,
                                     bool asked_to) {
  const demand wanted = read_choice(choice);
  if (!tools || wanted.forbidden || (!wanted.required && !asked_to))
    return std::nullopt;
  for (const auto& entry : *tools) {
    if (!entry.is_object())
      continue;
    const auto& declared = declaration(entry.get_object());
    const std::string name = text_at(declared, "name");
    if (name.empty() || (!wanted.name.empty() && name != wanted.name))
      continue;
    return tool_call{name, arguments_for(declared)};
  }
  return std::nullopt;
}

} // namespace simulator
