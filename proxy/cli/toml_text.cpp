// https://toml.io/en/v1.0.0: basic strings, whose escapes are nearly JSON's.
#include "proxy/cli/toml_text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace proxy::cli {
namespace {

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text)
    if (const auto byte = static_cast<unsigned char>(c); c == '"' || c == '\\')
      out += {'\\', c};
    else if (byte < 0x20 || byte == 0x7F)
      out += fmt::format("\\u{:04X}", byte);
    else
      out += c;
  return out + "\"";
}

// What has no fraction keeps its point: 5.0 is read back as what it was.
std::string toml_float(double value) {
  std::string text = fmt::format("{}", value);
  return text.find_first_of(".e") == text.npos ? text + ".0" : text;
}

template <class List, class Each>
std::string listed(const List& list, Each each) {
  std::string out;
  for (const auto& item : list)
    out += (out.empty() ? "" : ", ") + each(item);
  return out;
}

} // namespace

std::string toml_key(std::string_view name) {
  const bool bare = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  return bare ? std::string(name) : toml_string(name);
}

std::string toml_value(const json::value& value) {
  switch (value.kind()) {
  case json::kind::string:
    return toml_string(value.get_string());
  case json::kind::double_:
    return toml_float(value.get_double());
  case json::kind::array:
    return "[" + listed(value.get_array(), toml_value) + "]";
  case json::kind::object: {
    const auto member = [](const json::key_value_pair& each) {
      return toml_key(each.key()) + " = " + toml_value(each.value());
    };
    const std::string members = listed(value.get_object(), member);
    return members.empty() ? "{}" : "{ " + members + " }";
  }
  default:
    return json::serialize(value); // true, 42
  }
}

bool fits_toml(const json::value& value) {
  if (value.is_null())
    return false;
  if (value.is_uint64())
    return value.get_uint64() <= static_cast<std::uint64_t>(INT64_MAX);
  if (const json::array* list = value.if_array())
    return std::ranges::all_of(*list, fits_toml);
  if (const json::object* members = value.if_object())
    return std::ranges::all_of(*members, [](const auto& each) { return fits_toml(each.value()); });
  return true;
}

} // namespace proxy::cli
