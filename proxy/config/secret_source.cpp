// Judges where a secret is said to be, without looking there.
#include "proxy/config/secret_source.hpp"

#include <algorithm>

#include "proxy/config/cloud_secret.hpp"

namespace proxy::config {
namespace {

constexpr std::string_view schemes[] = {
    "env:", "file:", "credential:", "exec:", "aws:", "azure:", "gcp:"};

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

// A secret's name in a cloud's manager. One that begins as keys do is taken for a key.
std::optional<std::string> complaint_about_cloud(std::string_view scheme, std::string_view rest) {
  if (scheme != "aws:" && scheme != "azure:" && scheme != "gcp:")
    return std::nullopt;
  if (rest.starts_with("sk-"))
    return "what stands after " + std::string(scheme) + " looks like a key, not like its name";
  if (scheme == "aws:" && !parse_aws(rest))
    return "what stands after aws: is not SECRET_ID[#json_field][@region]";
  if (scheme == "azure:" && !parse_azure(rest))
    return "what stands after azure: is not VAULT/NAME";
  if (scheme == "gcp:" && !parse_gcp(rest))
    return "what stands after gcp: is not PROJECT/NAME";
  return std::nullopt;
}

} // namespace

std::optional<std::string> complaint_about_source(std::string_view source) {
  const auto begins = [source](std::string_view scheme) { return source.starts_with(scheme); };
  const auto* scheme = std::ranges::find_if(schemes, begins);
  if (scheme == std::end(schemes))
    return "a secret must not stand in this file, only where it is found: env:NAME, file:PATH, "
           "credential:NAME, exec:COMMAND, or in a cloud's secret manager (aws:, azure:, gcp:)";
  const std::string_view rest = source.substr(scheme->size());
  if (rest.empty())
    return std::string(*scheme) + " has nothing after it";
  if (rest.find('\0') != std::string_view::npos)
    return std::string(*scheme) + " has a zero byte after it";
  if (*scheme == "env:" && !is_variable_name(rest))
    return "what stands after env: is no name of an environment variable";
  if (*scheme == "credential:" && rest.find('/') != std::string_view::npos)
    return "what stands after credential: is a name, not a path";
  return complaint_about_cloud(*scheme, rest);
}

} // namespace proxy::config
