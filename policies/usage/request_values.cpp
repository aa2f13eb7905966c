// Values are read from their text, so that nothing is converted that was spelt otherwise.
#include "policies/usage/request_values.hpp"

#include <algorithm>
#include <charconv>

namespace policies::usage {
namespace {

constexpr std::size_t model_length_max = 128;
constexpr std::size_t echo_length_max = 64;

} // namespace

std::optional<std::int64_t> positive_integer(std::string_view raw) {
  std::int64_t value = 0;
  const auto [stop, problem] = std::from_chars(raw.begin(), raw.end(), value);
  if (problem != std::errc{} || stop != raw.end() || value < 1 || value > integer_max)
    return std::nullopt;
  return value;
}

bool is_model_name(std::string_view raw) {
  return raw.size() > 2 && raw.size() <= model_length_max + 2 && raw.front() == '"' &&
         raw.find('\\') == raw.npos;
}

std::string printable(std::string_view raw) {
  std::string out{raw.substr(0, echo_length_max)};
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return out;
}

} // namespace policies::usage
