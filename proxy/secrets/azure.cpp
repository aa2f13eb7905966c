// Token, then secret:
// https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
#include "proxy/secrets/azure.hpp"

#include "proxy/secrets/json_answer.hpp"
#include "proxy/secrets/url.hpp"

namespace proxy::secrets {
namespace {


struct vault {
  std::string url;
  std::string resource; // what a token has to be for: "https://vault.azure.net"
};

// A vault named with its host says by it which of Azure's clouds it is in.
vault vault_of(const std::string& name, const environment& with) {
  const std::size_t dot = name.find('.');
  const std::string host = dot == std::string::npos ? name + ".vault.azure.net" : name;
  const std::string url = with.text_or("DEEPSEEK_AZURE_VAULT_URL", "https://" + host);
  return {without_trailing_slash(url), "https://" + host.substr(host.find('.') + 1)};
}

outcome<std::string> token_from(const environment& with, const http_request& request,
                                const std::string& who, const std::string& advice) {
  const auto answer = ask_for_json(with, request, who, advice);
  if (!answer)
    return answer.error();
  return text_at(*answer, "access_token", "the answer of " + who);
}

outcome<std::string> by_client_secret(const environment& with, const std::string& resource) {
  const std::string authority = without_trailing_slash(
      with.text_or("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com"));
  const http_request request{
      .method = "POST",
      .url = (authority.find("://") == std::string::npos ? "https://" : "") + authority + "/" +
             percent_encoded(with.text("AZURE_TENANT_ID")) + "/oauth2/v2.0/token",
      .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
      .body = form({{"grant_type", "client_credentials"},
                    {"client_id", with.text("AZURE_CLIENT_ID")},
                    {"client_secret", with.text("AZURE_CLIENT_SECRET")},
                    {"scope", resource + "/.default"}}),
  };
  return token_from(with, request, "Microsoft Entra (" + authority + ")",
                    "check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET");
}

outcome<std::string> by_managed_identity(const environment& with, const std::string& resource) {
  const std::string endpoint = with.text("IDENTITY_ENDPOINT");
  const std::string client = with.text("AZURE_CLIENT_ID"); // of several identities, this one
  std::vector<std::pair<std::string, std::string>> query{{"resource", resource}};
  if (!client.empty())
    query.emplace_back("client_id", client);
  http_request request;
  request.timeout = metadata_timeout;
  if (!endpoint.empty()) {
    query.emplace_back("api-version", "2019-08-01");
    request.url = endpoint + "?" + form(query);
    request.headers.emplace_back("X-IDENTITY-HEADER", with.text("IDENTITY_HEADER"));
    return token_from(with, request, "the identity endpoint of App Service", "");
  }
  query.emplace_back("api-version", "2018-02-01");
  request.url = without_trailing_slash(
                    with.text_or("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://169.254.169.254")) +
                "/metadata/identity/oauth2/token?" + form(query);
  request.headers.emplace_back("Metadata", "true");
  auto token = token_from(with, request, "the machine's metadata service", "");
  if (!token)
    return failure{token.error().code,
                   "no token from Azure: set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
                   "AZURE_CLIENT_SECRET, or give the machine a managed identity (" +
                       token.error().message + ")"};
  return token;
}

} // namespace

outcome<std::string> read_azure_secret(const config::azure_secret_name& name,
                                       const environment& with) {
  const vault from = vault_of(name.vault, with);
  const bool has_client_secret = !with.text("AZURE_CLIENT_SECRET").empty();
  if (has_client_secret &&
      (with.text("AZURE_TENANT_ID").empty() || with.text("AZURE_CLIENT_ID").empty()))
    return failure{errc::bad_configuration,
                   "AZURE_CLIENT_SECRET needs AZURE_TENANT_ID and AZURE_CLIENT_ID beside it"};
  const auto token = has_client_secret ? by_client_secret(with, from.resource)
                                       : by_managed_identity(with, from.resource);
  if (!token)
    return token.error();
  const http_request request{
      .url = from.url + "/secrets/" + percent_encoded(name.name) + "?api-version=7.4",
      .headers = {{"Authorization", "Bearer " + *token}},
      .body = "",
  };
  const std::string who = "Azure Key Vault (" + from.url + ")";
  const auto answer = ask_for_json(
      with, request, who, "give this identity the role Key Vault Secrets User on the vault");
  if (!answer)
    return answer.error();
  return text_at(*answer, "value", "the answer of " + who);
}

} // namespace proxy::secrets
