// AWS Secrets Manager against a server here: the exact requests, where credentials come from, and
// failures that tell the reason but nothing of an answer.
#include <fstream>

#include "proxy/secrets/aws_credentials.hpp"
#include "proxy/secrets/aws_secret.hpp"
#include "proxy/secrets/resolve.hpp"
#include "tests/proxy/config/support.hpp"
#include "tests/proxy/secrets/recording_server.hpp"

namespace secrets = proxy::secrets;
using secrets_test::canned;
using secrets_test::has;
using secrets_test::recording_server;
using secrets_test::told;
using variables = std::map<std::string, std::string>;

namespace {

const std::string role_answer =
    R"({"Code":"Success","AccessKeyId":"ASIA1","SecretAccessKey":"s1","Token":"t1"})";

std::string shown(const proxy::outcome<secrets::aws_credentials>& found) {
  return found ? found->key_id + " " + found->secret + " " + found->session_token
               : "failure: " + found.error().message;
}

std::string credentials(const variables& set) {
  return shown(secrets::find_aws_credentials(secrets_test::with(set)));
}

// What the configuration's text gives, with keys in the environment and the server as endpoint.
std::string secret(const std::string& source, const recording_server& server, variables more = {}) {
  more.insert({{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
               {"AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
               {"AWS_ENDPOINT_URL_SECRETS_MANAGER", server.url()}});
  return told(secrets::resolve({source}, secrets_test::with(more)));
}

} // namespace

TEST_CASE("aws: the request, byte for byte as documented, and its secret") {
  recording_server server({{200, R"({"Name":"prod/ds","SecretString":"sk-real-1\n"})"}});
  CHECK(secret("aws:prod/ds@eu-west-1", server) == "sk-real-1");
  const auto asked = server.requests();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].method == "POST");
  CHECK(asked[0].target == "/");
  CHECK(asked[0].body == R"({"SecretId":"prod/ds"})");
  auto fields = asked[0].fields;
  CHECK(fields["host"] == server.address());
  CHECK(fields["content-type"] == "application/x-amz-json-1.1");
  CHECK(fields["x-amz-target"] == "secretsmanager.GetSecretValue");
  CHECK(fields["x-amz-date"] == "20150830T123600Z");
  CHECK(fields.count("x-amz-security-token") == 0);
  // What was sent is what was signed: signing the received fields again gives the same.
  secrets::http_request again{.method = "POST",
                              .url = server.url() + "/",
                              .headers = {{"content-type", fields["content-type"]},
                                          {"x-amz-target", fields["x-amz-target"]}},
                              .body = asked[0].body};
  const secrets::aws_credentials as{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};
  const auto now = secrets_test::with({}).now();
  REQUIRE(secrets::sign(again, as, {"eu-west-1", "secretsmanager", now}).has_value());
  CHECK(again.headers.back().second == fields["authorization"]);
  CHECK(has(fields["authorization"], "/20150830/eu-west-1/secretsmanager/aws4_request, "
                                     "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "));
}

TEST_CASE("aws: one field of a JSON secret") {
  const std::string body = R"({"SecretString":"{\"key\":\"sk-in-json\",\"n\":1}"})";
  recording_server server(
      {{200, body}, {200, body}, {200, body}, {200, R"({"SecretString":"x"})"}});
  CHECK(secret("aws:ds#key@eu-west-1", server) == "sk-in-json");
  CHECK(secret("aws:ds#other@eu-west-1", server) ==
        "failure: aws:ds#other@eu-west-1: the secret's JSON object has no text in other");
  CHECK(has(secret("aws:ds#n@eu-west-1", server), "has no text in n"));
  CHECK(has(secret("aws:ds#key@eu-west-1", server),
            "the secret, of which key is wanted, is no JSON object"));
}

TEST_CASE("aws: the region is the source's, or the environment's") {
  recording_server server({{200, R"({"SecretString":"k"})"}, {200, R"({"SecretString":"k"})"}});
  CHECK(secret("aws:ds", server, {{"AWS_DEFAULT_REGION", "us-east-2"}}) == "k");
  CHECK(secret("aws:ds", server,
               {{"AWS_DEFAULT_REGION", "us-east-2"}, {"AWS_REGION", "us-west-1"}}) == "k");
  const auto asked = server.requests();
  CHECK(has(asked.at(0).fields.at("authorization"), "/us-east-2/"));
  CHECK(has(asked.at(1).fields.at("authorization"), "/us-west-1/"));
  CHECK(has(secret("aws:ds", server), "which region?"));
}

TEST_CASE("aws: without an override the region's own endpoint is called") {
  for (const auto& [region, url] :
       {std::pair<std::string, std::string>{"eu-west-1",
                                            "https://secretsmanager.eu-west-1.amazonaws.com/"},
        {"cn-north-1", "https://secretsmanager.cn-north-1.amazonaws.com.cn/"}}) {
    auto around = secrets_test::with({{"AWS_ACCESS_KEY_ID", "a"}, {"AWS_SECRET_ACCESS_KEY", "b"}});
    std::string called;
    around.call = [&called](const secrets::http_request& request) {
      called = request.url;
      return proxy::outcome<secrets::http_answer>{{200, R"({"SecretString":"k"})"}};
    };
    CHECK(told(secrets::read_aws_secret({"ds", "", region}, around)) == "k");
    CHECK(called == url);
  }
}

TEST_CASE("aws: refusals and broken answers, without a word of them") {
  recording_server server(
      {{403, "hunter22"},
       {400, R"({"__type":"ResourceNotFoundException","message":"hunter22"})"},
       {400, R"({"__type":"com.amazonaws#AccessDeniedException","Message":"hunter22"})"},
       {400, R"({"__type":"hunter22"})"},
       {200, "hunter22 {"},
       {200, R"(["hunter22"])"},
       {200, R"({"SecretBinary":"hunter22"})"},
       {200, R"({"SecretString":""})"},
       {200, R"({"SecretString":"hunter22 hunter22"})"},
       {302, "hunter22", "Location: http://127.0.0.1:1/hunter22\r\n"},
       {200, std::string(65 * 1024, 'h')}});
  const std::string source = "aws:ds@eu-west-1";
  const std::string who = "failure: " + source + ": AWS Secrets Manager in eu-west-1";
  CHECK(secret(source, server) == who + " answered with status 403");
  CHECK(secret(source, server) ==
        who + " answered with status 400: no secret has this name in this region");
  CHECK(has(secret(source, server), "allow secretsmanager:GetSecretValue"));
  CHECK(secret(source, server) == who + " answered with status 400");
  CHECK(has(secret(source, server), "is no JSON object"));
  CHECK(has(secret(source, server), "is no JSON object"));
  CHECK(has(secret(source, server), "has no text in SecretString"));
  CHECK(has(secret(source, server), "has no text in SecretString"));
  CHECK(secret(source, server) ==
        "failure: the secret " + source +
            " has a blank or a control character in it, which no key has");
  CHECK(secret(source, server) == who + " answered with status 302");
  CHECK(has(secret(source, server), "the answer is longer than 65536 bytes"));
  CHECK(server.requests().size() == 11); // no redirect was followed
}

TEST_CASE("aws: credentials of the environment, whole or not at all") {
  CHECK(credentials({{"AWS_ACCESS_KEY_ID", "a"}, {"AWS_SECRET_ACCESS_KEY", "b"}}) == "a b ");
  CHECK(credentials({{"AWS_ACCESS_KEY_ID", "a"},
                     {"AWS_SECRET_ACCESS_KEY", "b"},
                     {"AWS_SESSION_TOKEN", "c"}}) == "a b c");
  CHECK(has(credentials({{"AWS_SECRET_ACCESS_KEY", "hunter22"}}), "only one is set"));
}

TEST_CASE("aws: a profile of the credentials file") {
  const config_test::directory here;
  const std::string file =
      here.write("credentials", "# mine\n[default]\naws_access_key_id = d1\n"
                                "aws_secret_access_key=d2\n\n[work]\r\n"
                                "aws_access_key_id=w1\r\naws_secret_access_key = w2=\r\n"
                                "aws_session_token=w3\r\n[half]\naws_access_key_id=h1\n")
          .string();
  CHECK(credentials({{"AWS_SHARED_CREDENTIALS_FILE", file}}) == "d1 d2 ");
  CHECK(credentials({{"AWS_SHARED_CREDENTIALS_FILE", file}, {"AWS_PROFILE", "work"}}) ==
        "w1 w2= w3");
  for (const char* profile : {"half", "absent"})
    CHECK(has(credentials({{"AWS_SHARED_CREDENTIALS_FILE", file}, {"AWS_PROFILE", profile}}),
              "the profile " + std::string(profile) + " in " + file + " has no aws_access_key_id"));
  CHECK(has(credentials({{"AWS_SHARED_CREDENTIALS_FILE", file + "x"}}), "No such file"));

  std::filesystem::create_directory(here / ".aws");
  here.write(".aws/credentials", "[default]\naws_access_key_id=1\naws_secret_access_key=2\n");
  auto around = secrets_test::with({});
  around.home = here / "";
  CHECK(shown(secrets::find_aws_credentials(around)) == "1 2 ");
}

TEST_CASE("aws: a container's endpoint, by its full address and with its token") {
  const config_test::directory here;
  recording_server server({{200, role_answer}, {200, role_answer}, {200, R"({"Token":"t"})"}});
  variables set{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url() + "/v1/credentials?id=1"},
                {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc"}};
  CHECK(credentials(set) == "ASIA1 s1 t1");
  set["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = here.write("token", "from-file\n").string();
  CHECK(credentials(set) == "ASIA1 s1 t1");
  CHECK(has(credentials(set), "has no text in AccessKeyId"));
  const auto asked = server.requests();
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].method == "GET");
  CHECK(asked[0].target == "/v1/credentials?id=1");
  CHECK(asked[0].fields.at("authorization") == "Basic abc");
  CHECK(asked[1].fields.at("authorization") == "from-file");

  here.write("token", "two\nlines");
  CHECK(has(credentials(set), "in the field Authorization has a line end"));
  CHECK(server.requests().size() == 3);
  for (const char* elsewhere :
       {"http://example.com/x", "http://10.0.0.1/x", "http://127.example.com"})
    CHECK(has(credentials({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", elsewhere}}), "use https://"));
}

TEST_CASE("aws: a container's endpoint, by the address ECS gives relative to its agent") {
  recording_server server({{200, role_answer}});
  auto around = secrets_test::with({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/creds"}});
  around.call = [&server](secrets::http_request request) {
    CHECK(request.url == "http://169.254.170.2/v2/creds");
    request.url = server.url() + "/v2/creds";
    return secrets::https_call(request, {});
  };
  CHECK(shown(secrets::find_aws_credentials(around)) == "ASIA1 s1 t1");
  CHECK(server.requests().at(0).fields.count("authorization") == 0);
}

TEST_CASE("aws: an instance's role, by a token first") {
  recording_server server({{200, "imds-token"}, {200, "my-role\n"}, {200, role_answer}});
  CHECK(credentials({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url() + "/"}}) == "ASIA1 s1 t1");
  const auto asked = server.requests();
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].method == "PUT");
  CHECK(asked[0].target == "/latest/api/token");
  CHECK(asked[0].fields.at("x-aws-ec2-metadata-token-ttl-seconds") == "300");
  CHECK(asked[1].method == "GET");
  CHECK(asked[1].target == "/latest/meta-data/iam/security-credentials/");
  CHECK(asked[1].fields.at("x-aws-ec2-metadata-token") == "imds-token");
  CHECK(asked[2].target == "/latest/meta-data/iam/security-credentials/my-role");
  CHECK(asked[2].fields.at("x-aws-ec2-metadata-token") == "imds-token");
}

TEST_CASE("aws: what is missing is said, with what to do") {
  recording_server server({{403, "hunter22"}, {200, "token"}, {404, "hunter22"}});
  const variables set{{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url()}};
  const std::string advice = "failure: no AWS credentials: set AWS_ACCESS_KEY_ID and "
                             "AWS_SECRET_ACCESS_KEY, write a profile, or give the machine a role";
  CHECK(credentials(set) ==
        advice + " (the instance's metadata service gave no token: status 403)");
  CHECK(credentials(set) ==
        advice + " (the instance's metadata service knows no role of this instance)");
  CHECK(credentials({{"AWS_EC2_METADATA_DISABLED", "true"}}) == advice);
}
