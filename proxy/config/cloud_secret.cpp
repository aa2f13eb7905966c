// Taking names apart by the rules their clouds have for them: what no secret there can be called is
// refused before anybody is asked for it.
#include "proxy/config/cloud_secret.hpp"

#include <utility>

namespace proxy::config {
namespace {

constexpr std::string_view alphanumeric =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::string_view digits = "0123456789";

bool made_of(std::string_view text, std::string_view more, std::size_t length_max) {
  const std::string allowed = std::string(alphanumeric) + std::string(more);
  return !text.empty() && text.size() <= length_max &&
         text.find_first_not_of(allowed) == std::string_view::npos;
}

// "eu-west-1", "us-gov-east-1": what else may stand after the last @ of a secret's own name.
bool is_region(std::string_view text) {
  const std::size_t last = text.rfind('-');
  if (last == std::string_view::npos || !made_of(text, "-", 32))
    return false;
  const std::string_view number = text.substr(last + 1);
  const std::string_view place = text.substr(0, last);
  return !number.empty() && number.find_first_not_of(digits) == std::string_view::npos &&
         place.find('-') != std::string_view::npos && place.front() != '-';
}

// arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME
std::string region_of_arn(std::string_view id) {
  if (!id.starts_with("arn:"))
    return "";
  for (int i = 0; i < 3; ++i) {
    const std::size_t colon = id.find(':');
    if (colon == std::string_view::npos)
      return "";
    id.remove_prefix(colon + 1);
  }
  const std::string_view region = id.substr(0, id.find(':'));
  return is_region(region) ? std::string(region) : "";
}

std::optional<std::pair<std::string_view, std::string_view>> halves(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos)
    return std::nullopt;
  return std::pair{text.substr(0, slash), text.substr(slash + 1)};
}

} // namespace

std::optional<aws_secret_name> parse_aws(std::string_view text) {
  aws_secret_name name;
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos && is_region(text.substr(at + 1))) {
    name.region = text.substr(at + 1);
    text = text.substr(0, at);
  }
  const std::size_t hash = text.find('#');
  if (hash != std::string_view::npos) {
    name.field = text.substr(hash + 1);
    text = text.substr(0, hash);
    if (!made_of(name.field, "_-.:/ ", 256))
      return std::nullopt;
  }
  if (!made_of(text, "/_+=.@:-", 2048))
    return std::nullopt;
  name.id = text;
  if (name.region.empty())
    name.region = region_of_arn(text);
  return name;
}

std::optional<azure_secret_name> parse_azure(std::string_view text) {
  const auto parts = halves(text);
  if (!parts || !made_of(parts->first, "-.", 253) || !made_of(parts->second, "-", 127))
    return std::nullopt;
  return azure_secret_name{std::string(parts->first), std::string(parts->second)};
}

std::optional<gcp_secret_name> parse_gcp(std::string_view text) {
  const auto parts = halves(text);
  if (!parts || !made_of(parts->first, "-.:", 128) || !made_of(parts->second, "_-", 255))
    return std::nullopt;
  return gcp_secret_name{std::string(parts->first), std::string(parts->second)};
}

} // namespace proxy::config
