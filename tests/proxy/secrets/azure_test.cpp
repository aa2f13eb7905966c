// Azure Key Vault against servers here: the exact requests for token and secret, and what is said
// when one of them fails.
#include "proxy/secrets/resolve.hpp"
#include "tests/proxy/secrets/recording_server.hpp"
#include "tests/support/catch.hpp"

namespace secrets = proxy::secrets;
using secrets_test::has;
using secrets_test::recording_server;
using variables = std::map<std::string, std::string>;

namespace {

std::string secret(const variables& set, const std::string& source = "azure:my-vault/ds-key") {
  return secrets_test::told(secrets::resolve({source}, secrets_test::with(set)));
}

variables client_secret(const recording_server& server) {
  return {{"AZURE_TENANT_ID", "tenant-1"},
          {"AZURE_CLIENT_ID", "client 1"},
          {"AZURE_CLIENT_SECRET", "hunter22&="},
          {"AZURE_AUTHORITY_HOST", server.url() + "/"},
          {"DEEPSEEK_AZURE_VAULT_URL", server.url()}};
}

} // namespace

TEST_CASE("azure: a client secret gives a token, the token the secret") {
  recording_server server({{200, R"({"token_type":"Bearer","access_token":"token-1"})"},
                           {200, R"({"value":"sk-azure","id":"x"})"}});
  CHECK(secret(client_secret(server)) == "sk-azure");
  const auto asked = server.requests();
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].method == "POST");
  CHECK(asked[0].target == "/tenant-1/oauth2/v2.0/token");
  CHECK(asked[0].fields.at("content-type") == "application/x-www-form-urlencoded");
  CHECK(asked[0].body == "grant_type=client_credentials&client_id=client%201&client_secret="
                         "hunter22%26%3D&scope=https%3A%2F%2Fvault.azure.net%2F.default");
  CHECK(asked[1].method == "GET");
  CHECK(asked[1].target == "/secrets/ds-key?api-version=7.4");
  CHECK(asked[1].fields.at("authorization") == "Bearer token-1");
}

TEST_CASE("azure: the machine's identity, of several the one that is named") {
  recording_server server({{200, R"({"access_token":"t"})"},
                           {200, R"({"value":"sk-1"})"},
                           {200, R"({"access_token":"t"})"},
                           {200, R"({"value":"sk-2"})"}});
  variables set{{"AZURE_POD_IDENTITY_AUTHORITY_HOST", server.url()},
                {"DEEPSEEK_AZURE_VAULT_URL", server.url()}};
  CHECK(secret(set) == "sk-1");
  set["AZURE_CLIENT_ID"] = "one";
  CHECK(secret(set) == "sk-2");
  const auto asked = server.requests();
  const std::string path = "/metadata/identity/oauth2/token?resource=https%3A%2F%2Fvault.azure.net";
  CHECK(asked.at(0).method == "GET");
  CHECK(asked.at(0).target == path + "&api-version=2018-02-01");
  CHECK(asked.at(0).fields.at("metadata") == "true");
  CHECK(asked.at(2).target == path + "&client_id=one&api-version=2018-02-01");
}

TEST_CASE("azure: App Service's identity endpoint") {
  recording_server server({{200, R"({"access_token":"t"})"}, {200, R"({"value":"sk-1"})"}});
  CHECK(secret({{"IDENTITY_ENDPOINT", server.url() + "/msi/token"},
                {"IDENTITY_HEADER", "header-1"},
                {"DEEPSEEK_AZURE_VAULT_URL", server.url()}}) == "sk-1");
  const auto asked = server.requests();
  CHECK(asked.at(0).target ==
        "/msi/token?resource=https%3A%2F%2Fvault.azure.net&api-version=2019-08-01");
  CHECK(asked.at(0).fields.at("x-identity-header") == "header-1");
}

TEST_CASE("azure: a vault's host says where it is and what its token is for") {
  for (const auto& [source, url, scope] :
       {std::tuple<std::string, std::string, std::string>{
            "azure:v1/n", "https://v1.vault.azure.net", "https://vault.azure.net/.default"},
        {"azure:v1.vault.azure.cn/n", "https://v1.vault.azure.cn",
         "https://vault.azure.cn/.default"}}) {
    auto around = secrets_test::with(
        {{"AZURE_TENANT_ID", "t"}, {"AZURE_CLIENT_ID", "c"}, {"AZURE_CLIENT_SECRET", "s"}});
    std::vector<secrets::http_request> calls;
    around.call = [&calls](const secrets::http_request& request) {
      calls.push_back(request);
      return proxy::outcome<secrets::http_answer>{{200, R"({"access_token":"t","value":"k"})"}};
    };
    CHECK(secrets_test::told(secrets::resolve({source}, around)) == "k");
    REQUIRE(calls.size() == 2);
    CHECK(calls[0].url == "https://login.microsoftonline.com/t/oauth2/v2.0/token");
    CHECK(has(calls[0].body, secrets_test::has(scope, ".cn") ? "vault.azure.cn%2F.default"
                                                             : "vault.azure.net%2F.default"));
    CHECK(calls[1].url == url + "/secrets/n?api-version=7.4");
  }
}

TEST_CASE("azure: refusals and broken answers, without a word of them") {
  const std::string token = R"({"access_token":"hunter22"})";
  recording_server server({{401, "hunter22"},
                           {200, "hunter22"},
                           {200, R"({"error":"hunter22"})"},
                           {200, token},
                           {403, "hunter22"},
                           {200, token},
                           {404, "hunter22"},
                           {200, token},
                           {200, R"({"value":7,"x":"hunter22"})"}});
  for (const char* part :
       {"answered with status 401: check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
        "is no JSON object", "has no text in access_token",
        "answered with status 403: give this identity the role Key Vault Secrets User",
        "answered with status 404", "has no text in value"}) {
    const std::string said = secret(client_secret(server));
    INFO(said);
    CHECK(has(said, "failure: azure:my-vault/ds-key: "));
    CHECK(has(said, part));
    CHECK_FALSE(has(said, "hunter22"));
  }
  CHECK(has(secret({{"AZURE_CLIENT_SECRET", "hunter22"}}), "needs AZURE_TENANT_ID"));
  recording_server without({{400, "hunter22"}});
  CHECK(has(secret({{"AZURE_POD_IDENTITY_AUTHORITY_HOST", without.url()}}),
            "no token from Azure: set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or "
            "give the machine a managed identity (the machine's metadata service answered with "
            "status 400)"));
}
