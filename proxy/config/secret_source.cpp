// Judges where a secret is said to be, without looking there.
#include "proxy/config/secret_source.hpp"

#include <algorithm>

namespace proxy::config {
namespace {

constexpr std::string_view schemes[] = {"env:", "file:", "credential:", "exec:"};
constexpr std::string_view schemes_of_clouds[] = {"aws:", "azure:", "gcp:"};

// As shells have them. A key pasted after env: has a hyphen.
bool is_variable_name(std::string_view name) {
  constexpr std::string_view digits = "0123456789";
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  return !name.empty() && digits.find(name.front()) == std::string_view::npos &&
         std::ranges::all_of(name, [&](char c) {
           return letters.find(c) != std::string_view::npos ||
                  digits.find(c) != std::string_view::npos;
         });
}

} // namespace

std::optional<std::string> complaint_about_source(std::string_view source) {
  const auto begins = [source](std::string_view scheme) { return source.starts_with(scheme); };
  if (std::ranges::any_of(schemes_of_clouds, begins))
    return "secret managers of clouds are not supported in this version; exec:COMMAND can call one";
  const auto* scheme = std::ranges::find_if(schemes, begins);
  if (scheme == std::end(schemes))
    return "a secret must not stand in this file, only where it is found: env:NAME, file:PATH, "
           "credential:NAME or exec:COMMAND";
  const std::string_view rest = source.substr(scheme->size());
  if (rest.empty())
    return std::string(*scheme) + " has nothing after it";
  if (rest.find('\0') != std::string_view::npos)
    return std::string(*scheme) + " has a zero byte after it";
  if (*scheme == "env:" && !is_variable_name(rest))
    return "what stands after env: is no name of an environment variable";
  if (*scheme == "credential:" && rest.find('/') != std::string_view::npos)
    return "what stands after credential: is a name, not a path";
  return std::nullopt;
}

} // namespace proxy::config
