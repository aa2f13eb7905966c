// Token, then secret:
// https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
// https://developers.google.com/identity/protocols/oauth2/service-account#httprest
#include "proxy/secrets/gcp.hpp"

#include "proxy/secrets/digest.hpp"
#include "proxy/secrets/json_answer.hpp"
#include "proxy/secrets/secret_file.hpp"
#include "proxy/secrets/url.hpp"

namespace proxy::secrets {
namespace {

namespace json = boost::json;

constexpr std::string_view scope = "https://www.googleapis.com/auth/cloud-platform";

struct service_account {
  std::string email;
  std::string private_key;
  std::string key_id; // may be empty
  std::string token_uri;
};

outcome<service_account> account_in(const std::string& file) {
  const auto text = text_in_file(file);
  if (!text)
    return text.error();
  const auto object = json_object(*text, file);
  if (!object)
    return object.error();
  const auto type = text_at(*object, "type", file);
  if (!type || *type != "service_account")
    return failure{errc::bad_configuration,
                   file + " is no key of a service account (its type is another)"};
  auto email = text_at(*object, "client_email", file);
  auto key = text_at(*object, "private_key", file);
  if (!email || !key)
    return email ? key.error() : email.error();
  const auto key_id = text_at(*object, "private_key_id", file);
  const auto uri = text_at(*object, "token_uri", file);
  return service_account{*email, *key, key_id ? *key_id : "",
                         uri ? *uri : "https://oauth2.googleapis.com/token"};
}

// What the account says of itself, signed with its key: RFC 7523.
outcome<std::string> assertion(const service_account& who,
                               std::chrono::system_clock::time_point now) {
  const std::int64_t issued =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  json::object head{{"alg", "RS256"}, {"typ", "JWT"}};
  if (!who.key_id.empty())
    head["kid"] = who.key_id;
  const json::object claims{{"iss", who.email},
                            {"scope", scope},
                            {"aud", who.token_uri},
                            {"iat", issued},
                            {"exp", issued + 3600}};
  const std::string text =
      base64url(json::serialize(head)) + "." + base64url(json::serialize(claims));
  const auto signature = rs256(who.private_key, text);
  if (!signature)
    return signature.error();
  return text + "." + base64url(*signature);
}

outcome<std::string> token_from(const environment& with, const http_request& request,
                                const std::string& who) {
  const auto answer = ask_for_json(with, request, who);
  if (!answer)
    return answer.error();
  return text_at(*answer, "access_token", "the answer of " + who);
}

outcome<std::string> by_account(const environment& with, const std::string& file) {
  const auto account = account_in(file);
  if (!account)
    return account.error();
  const auto signed_claims = assertion(*account, with.now());
  if (!signed_claims)
    return failure{signed_claims.error().code, file + ": " + signed_claims.error().message};
  const http_request request{
      .method = "POST",
      .url = account->token_uri,
      .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
      .body = form({{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                    {"assertion", *signed_claims}}),
  };
  return token_from(with, request, "Google's token service, for the account in " + file);
}

outcome<std::string> by_metadata(const environment& with) {
  const http_request request{
      .url = "http://" + with.text_or("GCE_METADATA_HOST", "metadata.google.internal") +
             "/computeMetadata/v1/instance/service-accounts/default/token",
      .headers = {{"Metadata-Flavor", "Google"}},
      .body = "",
      .timeout = metadata_timeout,
  };
  auto token = token_from(with, request, "the machine's metadata server");
  if (!token)
    return failure{token.error().code,
                   "no token from Google: name a service account's key file in "
                   "GOOGLE_APPLICATION_CREDENTIALS, or give the machine a service account (" +
                       token.error().message + ")"};
  return token;
}

} // namespace

outcome<std::string> read_gcp_secret(const config::gcp_secret_name& name, const environment& with) {
  const std::string file = with.text("GOOGLE_APPLICATION_CREDENTIALS");
  const auto token = file.empty() ? by_metadata(with) : by_account(with, file);
  if (!token)
    return token.error();
  const std::string base = without_trailing_slash(
      with.text_or("DEEPSEEK_GCP_SECRETS_URL", "https://secretmanager.googleapis.com"));
  const http_request request{
      .url = base + "/v1/projects/" + percent_encoded(name.project, ":") + "/secrets/" +
             percent_encoded(name.name) + "/versions/latest:access",
      .headers = {{"Authorization", "Bearer " + *token}},
      .body = "",
  };
  const std::string who = "Google Secret Manager (" + base + ")";
  const auto answer =
      ask_for_json(with, request, who,
                   "give this account the role Secret Manager Secret Accessor on the secret");
  if (!answer)
    return answer.error();
  const std::string what = "the answer of " + who;
  const json::value* payload = answer->if_contains("payload");
  if (!payload || !payload->is_object())
    return failure{errc::upstream_malformed, what + " has no payload"};
  const auto data = text_at(payload->get_object(), "data", what);
  if (!data)
    return data.error();
  auto secret = from_base64(*data);
  if (!secret)
    return failure{errc::upstream_malformed, what + " has a payload that is no Base64"};
  return std::move(*secret);
}

} // namespace proxy::secrets
