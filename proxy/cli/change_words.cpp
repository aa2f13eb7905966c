// Fields one after the other.
#include "proxy/cli/change_words.hpp"

#include "proxy/admin/json_text.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

constexpr std::size_t detail_characters_max = 160; // --json has all of it

std::string shown_value(const json::value& value) {
  if (const json::string* text = value.if_string())
    return text->empty() ? "\"\"" : harmless(*text);
  const json::array* list = value.if_array();
  if (value.is_null() || (list && list->empty()))
    return "none";
  const std::string names = joined(value);
  return harmless(names.empty() ? admin::text_of(value) : names);
}

bool is_change(const json::value& value) {
  const json::object* object = value.if_object();
  return object && object->size() == 2 && object->contains("from") && object->contains("to");
}

bool says_nothing(const json::value& value) {
  return value.is_null() || value == json::value(false) ||
         (value.is_string() && value.get_string().empty()) ||
         (value.is_array() && value.get_array().empty()) ||
         (value.is_object() && value.get_object().empty());
}

json::object telling(const json::object& fields) {
  json::object out;
  for (const auto& [name, value] : fields) {
    if (name == "rate_limits" && value.is_object())
      out[name] = telling(value.get_object());
    else if (!says_nothing(value))
      out[name] = value;
  }
  return out;
}

// At most so many characters, whole ones.
std::string clipped(std::string text) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((text[i] & 0xC0) != 0x80 && ++characters > detail_characters_max)
      return text.substr(0, i) + "…";
  return text;
}

} // namespace

std::vector<std::string> change_words(const json::object& fields) {
  std::vector<std::string> out;
  for (const auto& [name, value] : fields) {
    if (name == "rate_limits" && value.is_object()) {
      for (const std::string& inner : change_words(value.get_object()))
        out.push_back("rate_limits." + inner);
      continue;
    }
    out.push_back(harmless(name) + ": " +
                  (is_change(value) ? shown_value(member(value, "from")) + " -> " +
                                          shown_value(member(value, "to"))
                                    : shown_value(value)));
  }
  return out;
}

std::string detail_words(const json::value& detail) {
  json::error_code error;
  const json::value parsed =
      detail.is_string() ? json::parse(detail.get_string(), error) : json::value(detail);
  if (error || !parsed.is_object())
    return clipped(harmless(detail.is_string() ? std::string_view(detail.get_string()) : ""));
  std::string out;
  for (const std::string& each : change_words(telling(parsed.get_object())))
    out += (out.empty() ? "" : "; ") + each;
  return clipped(out);
}

} // namespace proxy::cli
