// How a secret in a cloud's manager is named in the configuration: azure:VAULT/NAME,
// gcp:PROJECT/NAME and aws:SECRET_ID[#json_field][@region]. Takes the text after the scheme apart;
// asks nobody.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace proxy::config {

struct aws_secret_name {
  std::string id;     // a name or an ARN
  std::string field;  // of the JSON object that the secret is; empty: the secret is the text
  std::string region; // after the @, or the ARN's; empty: the environment says
};
std::optional<aws_secret_name> parse_aws(std::string_view text);

struct azure_secret_name {
  std::string vault; // "myvault", or a whole host like "myvault.vault.azure.cn"
  std::string name;
};
std::optional<azure_secret_name> parse_azure(std::string_view text);

struct gcp_secret_name {
  std::string project; // id or number
  std::string name;
};
std::optional<gcp_secret_name> parse_gcp(std::string_view text);

} // namespace proxy::config
