// Names of secrets in clouds: what is taken apart, and what no secret there can be called.
#include "proxy/config/cloud_secret.hpp"
#include "tests/proxy/config/support.hpp"

using namespace config_test;

TEST_CASE("cloud secrets: an AWS name, with and without field and region") {
  struct row {
    std::string text, id, field, region;
  };
  const std::string arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/ds-AbCdEf";
  for (const row& each :
       {row{"prod/deepseek", "prod/deepseek", "", ""},
        row{"prod/deepseek#api_key", "prod/deepseek", "api_key", ""},
        row{"prod@us-gov-east-1", "prod", "", "us-gov-east-1"},
        row{"prod#k@eu-west-1", "prod", "k", "eu-west-1"}, row{"team@prod", "team@prod", "", ""},
        row{"team@prod@cn-north-1", "team@prod", "", "cn-north-1"}, row{arn, arn, "", "eu-west-1"},
        row{arn + "#k@us-east-2", arn, "k", "us-east-2"}}) {
    INFO(each.text);
    const auto name = config::parse_aws(each.text);
    REQUIRE(name.has_value());
    CHECK(name->id == each.id);
    CHECK(name->field == each.field);
    CHECK(name->region == each.region);
  }
  for (const std::string text : {"", "#k", "a#", "a#b#c", "a b", "@eu-west-1", "a\nb", "a?b"}) {
    INFO(text);
    CHECK_FALSE(config::parse_aws(text).has_value());
  }
}

TEST_CASE("cloud secrets: names at Azure and Google are two halves") {
  const auto azure = config::parse_azure("my-vault.vault.azure.cn/deepseek-key");
  REQUIRE(azure.has_value());
  CHECK(azure->vault == "my-vault.vault.azure.cn");
  CHECK(azure->name == "deepseek-key");
  const auto google = config::parse_gcp("my-project-1/deepseek_key");
  REQUIRE(google.has_value());
  CHECK(google->project == "my-project-1");
  CHECK(google->name == "deepseek_key");
  for (const std::string text :
       {"", "/", "vault", "vault/", "/name", "vault/name/version", "vault/na_me!", "va?ult/name"}) {
    INFO(text);
    CHECK_FALSE(config::parse_azure(text).has_value());
    CHECK_FALSE(config::parse_gcp(text).has_value());
  }
}
