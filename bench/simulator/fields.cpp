// The first problem wins, as with a parser that stops there.
#include "bench/simulator/fields.hpp"

#include <fmt/format.h>

namespace simulator {

const json::value* fields::find(std::string_view name) const {
  const auto* value = from_.if_contains(name);
  return value && !value->is_null() ? value : nullptr;
}

bool fields::flag(std::string_view name) {
  const auto* value = find(name);
  if (!value)
    return false;
  if (!value->is_bool()) {
    wrong_type(name, "a boolean");
    return false;
  }
  return value->get_bool();
}

std::optional<std::int64_t> fields::whole_number(std::string_view name, std::int64_t low,
                                                 std::int64_t high) {
  const auto* value = find(name);
  if (!value)
    return std::nullopt;
  if (!value->is_int64() && !value->is_uint64()) {
    wrong_type(name, "an integer");
    return std::nullopt;
  }
  if (value->is_uint64() || value->get_int64() < low || value->get_int64() > high) {
    fail(bad_request(
        fmt::format("Invalid {} value, the valid range of {} is [{}, {}]", name, name, low, high)));
    return std::nullopt;
  }
  return value->get_int64();
}

std::string_view fields::text(std::string_view name) {
  const auto* value = find(name);
  if (!value)
    return {};
  if (!value->is_string()) {
    wrong_type(name, "a string");
    return {};
  }
  return value->get_string();
}

std::string_view fields::required_text(std::string_view name) {
  if (!find(name))
    fail(unprocessable(fmt::format("missing field `{}`", name)));
  return text(name);
}

const json::array* fields::list(std::string_view name) {
  const auto* value = find(name);
  if (value && !value->is_array())
    wrong_type(name, "a sequence");
  return value ? value->if_array() : nullptr;
}

const json::object* fields::object(std::string_view name) {
  const auto* value = find(name);
  if (value && !value->is_object())
    wrong_type(name, "a map");
  return value ? value->if_object() : nullptr;
}

void fields::fail(problem what) {
  if (!failure_)
    failure_ = std::move(what);
}

void fields::wrong_type(std::string_view name, std::string_view wanted) {
  fail(unprocessable(fmt::format("{}: invalid type, expected {}", name, wanted)));
}

} // namespace simulator
