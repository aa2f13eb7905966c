// The call, and what its refusals mean.
#include "proxy/secrets/aws_secret.hpp"

#include "proxy/secrets/aws_credentials.hpp"
#include "proxy/secrets/json_answer.hpp"
#include "proxy/secrets/url.hpp"

namespace proxy::secrets {
namespace {

struct refusal {
  std::string_view type;
  std::string_view meaning;
};

// AWS names the reason in "__type", maybe behind a prefix and a #. Only names known here are told.
constexpr refusal refusals[] = {
    {"ResourceNotFoundException", "no secret has this name in this region"},
    {"AccessDeniedException",
     "the credentials may not read it: allow secretsmanager:GetSecretValue, and kms:Decrypt for a "
     "key of your own"},
    {"DecryptionFailure", "its encryption key cannot be used: allow kms:Decrypt"},
    {"UnrecognizedClientException", "the credentials are unknown"},
    {"InvalidSignatureException",
     "the signature is wrong: check the secret access key and this machine's clock"},
    {"ExpiredTokenException", "the session token has expired"},
    {"InvalidRequestException", "the secret is being deleted or is otherwise not to be read"},
};

std::string meaning_of(const http_answer& answer) {
  const auto object = json_object(answer.body, "");
  const auto type = object ? text_at(*object, "__type", "") : outcome<std::string>{object.error()};
  if (type)
    for (const refusal& known : refusals)
      if (type->ends_with(known.type))
        return ": " + std::string(known.meaning);
  return "";
}

std::string endpoint(const environment& with, const std::string& region) {
  const std::string all = with.text("AWS_ENDPOINT_URL");
  const std::string ours = with.text_or("AWS_ENDPOINT_URL_SECRETS_MANAGER", all);
  if (!ours.empty())
    return without_trailing_slash(ours);
  return "https://secretsmanager." + region + ".amazonaws.com" +
         (region.starts_with("cn-") ? ".cn" : "");
}

outcome<std::string> field_of(const std::string& secret, const std::string& field) {
  const auto object = json_object(secret, "the secret, of which " + field + " is wanted,");
  if (!object)
    return object.error();
  return text_at(*object, field, "the secret's JSON object");
}

} // namespace

outcome<std::string> read_aws_secret(const config::aws_secret_name& name, const environment& with) {
  const std::string region = name.region.empty()
                                 ? with.text_or("AWS_REGION", with.text("AWS_DEFAULT_REGION"))
                                 : name.region;
  if (region.empty())
    return failure{errc::bad_configuration,
                   "which region? Write aws:SECRET_ID@REGION, or set AWS_REGION"};
  const auto as = find_aws_credentials(with);
  if (!as)
    return as.error();
  http_request request{
      .method = "POST",
      .url = endpoint(with, region) + "/",
      .headers = {{"Content-Type", "application/x-amz-json-1.1"},
                  {"X-Amz-Target", "secretsmanager.GetSecretValue"}},
      .body = boost::json::serialize(boost::json::object{{"SecretId", name.id}}),
      .ca_file = with.text("AWS_CA_BUNDLE"),
  };
  if (auto done = sign(request, *as, {region, "secretsmanager", with.now()}); !done)
    return done.error();
  const std::string who = "AWS Secrets Manager in " + region;
  const auto answer = with.call(request);
  if (!answer)
    return failure{answer.error().code, who + ": " + answer.error().message};
  if (answer->status != 200)
    return failure{errc::upstream_unreachable, who + " answered with status " +
                                                   std::to_string(answer->status) +
                                                   meaning_of(*answer)};
  const auto object = json_object(answer->body, "the answer of " + who);
  if (!object)
    return object.error();
  const auto secret = text_at(*object, "SecretString", "the answer of " + who);
  if (!secret || name.field.empty())
    return secret;
  return field_of(*secret, name.field);
}

} // namespace proxy::secrets
