// Signatures against the suite that AWS publishes for Signature Version 4 (aws-sig-v4-test-suite).
#include "proxy/secrets/aws_sigv4.hpp"
#include "tests/proxy/secrets/recording_server.hpp"
#include "tests/support/catch.hpp"

namespace secrets = proxy::secrets;

namespace {

const std::string session_token =
    "AQoDYXdzEPT//////////"
    "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIe"
    "oIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/"
    "kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq"
    "5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+"
    "scqKmlzm8FDrypNC"
    "9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

struct vector {
  std::string name;
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  std::string token;
  std::string signed_fields;
  std::string signature;
};

const std::vector<vector> suite = {
    {"get-vanilla",
     "GET",
     "/",
     {},
     "",
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/?Param2=value2&Param1=value1",
     {},
     "",
     "",
     "host;x-amz-date",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-unreserved",
     "GET",
     "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     {},
     "",
     "",
     "host;x-amz-date",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-header-value-trim",
     "GET",
     "/",
     {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
     "",
     "",
     "host;my-header1;my-header2;x-amz-date",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"post-vanilla",
     "POST",
     "/",
     {},
     "",
     "",
     "host;x-amz-date",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-header-value-case",
     "POST",
     "/",
     {{"My-Header1", "VALUE1"}},
     "",
     "",
     "host;my-header1;x-amz-date",
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"post-x-www-form-urlencoded",
     "POST",
     "/",
     {{"Content-Type", "application/x-www-form-urlencoded"}},
     "Param1=value1",
     "",
     "content-type;host;x-amz-date",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    {"post-sts-header-before",
     "POST",
     "/",
     {},
     "",
     session_token,
     "host;x-amz-date;x-amz-security-token",
     "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
};

std::string field(const secrets::http_request& request, const std::string& name) {
  for (const auto& [known, value] : request.headers)
    if (known == name)
      return value;
  return "";
}

} // namespace

TEST_CASE("sigv4: the published vectors") {
  for (const vector& each : suite) {
    INFO(each.name);
    secrets::http_request request{.method = each.method,
                                  .url = "https://example.amazonaws.com" + each.target,
                                  .headers = each.fields,
                                  .body = each.body};
    const secrets::aws_credentials as{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                      each.token};
    const auto now = secrets_test::with({}).now();
    REQUIRE(secrets::sign(request, as, {"us-east-1", "service", now}).has_value());
    CHECK(field(request, "X-Amz-Date") == "20150830T123600Z");
    CHECK(field(request, "X-Amz-Security-Token") == each.token);
    CHECK(field(request, "Authorization") ==
          "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
          "SignedHeaders=" +
              each.signed_fields + ", Signature=" + each.signature);
  }
}

TEST_CASE("sigv4: an unusual port is part of the signed host") {
  const auto signature = [](const std::string& url) {
    secrets::http_request request{.url = url, .headers = {}, .body = ""};
    REQUIRE(secrets::sign(request, {"id", "secret", ""}, {"r", "s", {}}).has_value());
    return field(request, "Authorization");
  };
  CHECK(signature("https://host:443/") == signature("https://host/"));
  CHECK(signature("https://host:8443/") != signature("https://host/"));
}
