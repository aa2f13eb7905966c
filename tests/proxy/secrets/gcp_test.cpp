// Google's Secret Manager against servers here: the exact requests, an assertion whose signature
// the account's public key confirms, and what is said when something fails.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "proxy/secrets/digest.hpp"
#include "proxy/secrets/resolve.hpp"
#include "tests/proxy/config/support.hpp"
#include "tests/proxy/secrets/recording_server.hpp"

namespace secrets = proxy::secrets;
using secrets_test::has;
using secrets_test::recording_server;
using variables = std::map<std::string, std::string>;

namespace {

std::string secret(const variables& set) {
  return secrets_test::told(secrets::resolve({"gcp:my-project/ds_key"}, secrets_test::with(set)));
}

// A key pair made for this test.
struct key_pair {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  ~key_pair() { EVP_PKEY_free(key); }

  std::string pem() const {
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long length = BIO_get_mem_data(out, &text);
    std::string made(text, static_cast<std::size_t>(length));
    BIO_free(out);
    return made;
  }
  bool confirms(const std::string& text, const std::string& signature) const {
    const auto bytes = [](const std::string& of) {
      return reinterpret_cast<const unsigned char*>(of.data());
    };
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    const bool good = EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
                      EVP_DigestVerify(context, bytes(signature), signature.size(), bytes(text),
                                       text.size()) == 1;
    EVP_MD_CTX_free(context);
    return good;
  }
};

std::string from_base64url(std::string text) {
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return secrets::from_base64(text).value();
}

std::string account(const std::string& key, const std::string& token_uri) {
  return boost::json::serialize(boost::json::object{{"type", "service_account"},
                                                    {"private_key_id", "kid-1"},
                                                    {"private_key", key},
                                                    {"client_email", "ds@my-project.test"},
                                                    {"token_uri", token_uri}});
}

const std::string payload = R"({"name":"x","payload":{"data":"c2stZ29vZ2xl","dataCrc32c":"1"}})";

} // namespace

TEST_CASE("gcp: the metadata server's token gives the secret") {
  recording_server server(
      {{200, R"({"access_token":"token-1","expires_in":3599})"}, {200, payload}});
  CHECK(secret({{"GCE_METADATA_HOST", server.address()},
                {"DEEPSEEK_GCP_SECRETS_URL", server.url() + "/"}}) == "sk-google");
  const auto asked = server.requests();
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].method == "GET");
  CHECK(asked[0].target == "/computeMetadata/v1/instance/service-accounts/default/token");
  CHECK(asked[0].fields.at("metadata-flavor") == "Google");
  CHECK(asked[1].method == "GET");
  CHECK(asked[1].target == "/v1/projects/my-project/secrets/ds_key/versions/latest:access");
  CHECK(asked[1].fields.at("authorization") == "Bearer token-1");
}

TEST_CASE("gcp: a service account signs for itself") {
  const key_pair own;
  const config_test::directory here;
  recording_server server({{200, R"({"access_token":"token-2"})"}, {200, payload}});
  const std::string uri = server.url() + "/token";
  const auto file = here.write("account.json", account(own.pem(), uri));
  CHECK(secret({{"GOOGLE_APPLICATION_CREDENTIALS", file.string()},
                {"DEEPSEEK_GCP_SECRETS_URL", server.url()}}) == "sk-google");
  const auto asked = server.requests();
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].method == "POST");
  CHECK(asked[0].target == "/token");
  CHECK(asked[0].fields.at("content-type") == "application/x-www-form-urlencoded");
  const std::string begin =
      "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
  REQUIRE(asked[0].body.starts_with(begin));
  const std::string assertion = asked[0].body.substr(begin.size());
  const std::size_t first = assertion.find('.');
  const std::size_t last = assertion.rfind('.');
  REQUIRE(first < last);
  CHECK(from_base64url(assertion.substr(0, first)) ==
        R"({"alg":"RS256","typ":"JWT","kid":"kid-1"})");
  CHECK(from_base64url(assertion.substr(first + 1, last - first - 1)) ==
        R"({"iss":"ds@my-project.test","scope":"https://www.googleapis.com/auth/cloud-platform",)"
        R"("aud":")" +
            uri + R"(","iat":1440938160,"exp":1440941760})");
  CHECK(own.confirms(assertion.substr(0, last), from_base64url(assertion.substr(last + 1))));
  CHECK(asked[1].fields.at("authorization") == "Bearer token-2");
}

TEST_CASE("gcp: an account's file that cannot serve is named, and nothing of it told") {
  const config_test::directory here;
  const auto said = [&](const std::string& text) {
    return secret({{"GOOGLE_APPLICATION_CREDENTIALS", here.write("a.json", text).string()}});
  };
  const auto expect = [&](const std::string& text, std::string_view part) {
    const std::string all = said(text);
    INFO(all);
    CHECK(has(all, (here / "a.json").string()));
    CHECK(has(all, part));
    CHECK_FALSE(has(all, "hunter22"));
  };
  expect("hunter22", "is no JSON object");
  expect(R"({"type":"hunter22"})", "is no key of a service account");
  expect(R"({"type":"service_account","private_key":"hunter22"})", "has no text in client_email");
  expect(account("hunter22", "https://x.test"), "the private key is no RSA key in PEM");
  CHECK(has(secret({{"GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent/a.json"}}),
            "cannot read /nonexistent/a.json: No such file"));
}

TEST_CASE("gcp: refusals and broken answers, without a word of them") {
  const std::string token = R"({"access_token":"hunter22"})";
  recording_server server({{404, "hunter22"},
                           {200, "hunter22"},
                           {200, token},
                           {403, "hunter22"},
                           {200, token},
                           {200, R"({"payload":"hunter22"})"},
                           {200, token},
                           {200, R"({"payload":{"data":"hunter22!"}})"}});
  for (const char* part :
       {"no token from Google: name a service account's key file in "
        "GOOGLE_APPLICATION_CREDENTIALS, "
        "or give the machine a service account (the machine's metadata server answered with status "
        "404)",
        "is no JSON object",
        "answered with status 403: give this account the role Secret Manager Secret Accessor",
        "has no payload", "has a payload that is no Base64"}) {
    const std::string said = secret(
        {{"GCE_METADATA_HOST", server.address()}, {"DEEPSEEK_GCP_SECRETS_URL", server.url()}});
    INFO(said);
    CHECK(has(said, "failure: gcp:my-project/ds_key: "));
    CHECK(has(said, part));
    CHECK_FALSE(has(said, "hunter22"));
  }
}
