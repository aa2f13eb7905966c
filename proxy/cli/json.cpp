// Look-ups with a fallback.
#include "proxy/cli/json.hpp"

#include <cmath>

namespace proxy::cli {

const json::value& member(const json::object& of, std::string_view name) {
  static const json::value nothing;
  const json::value* found = of.if_contains(name);
  return found ? *found : nothing;
}

const json::value& member(const json::value& of, std::string_view name) {
  static const json::object empty;
  const json::object* object = of.if_object();
  return member(object ? *object : empty, name);
}

std::string text(const json::value& of, std::string_view name) {
  const json::string* found = member(of, name).if_string();
  return found ? std::string(*found) : std::string{};
}

std::int64_t integer(const json::value& of, std::string_view name) {
  return std::llround(number(of, name));
}

double number(const json::value& of, std::string_view name) {
  const json::value& found = member(of, name);
  return found.is_number() ? found.to_number<double>() : 0;
}

const json::array& items(const json::value& of, std::string_view name) {
  static const json::array none;
  const json::array* found = member(of, name).if_array();
  return found ? *found : none;
}

std::string joined(const json::value& list) {
  std::string out;
  if (const json::array* all = list.if_array())
    for (const json::value& each : *all)
      if (const json::string* one = each.if_string())
        out += (out.empty() ? "" : ", ") + std::string(*one);
  return out;
}

} // namespace proxy::cli
