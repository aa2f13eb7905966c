// What is refused in a body, with an error that names field, value and range; and that a refused
// call changed nothing.
#include "tests/proxy/admin/plane.hpp"

using namespace proxy::admin::test;
namespace json = boost::json;

namespace {

struct bad_field {
  std::string member;               // the JSON of one member
  std::string param;                // the field that the error names
  std::vector<std::string> words{}; // each of them in its message
};

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i)
    all += text;
  return all;
}

std::vector<bad_field> bad_limits() {
  const auto limit = [](const std::string& name, const std::string& value,
                        std::vector<std::string> words) {
    words.push_back(value.substr(0, 60));
    return bad_field{R"("rate_limits": {")" + name + "\": " + value + "}", "rate_limits." + name,
                     words};
  };
  return {
      limit("requests_per_minute", "-1", {"0 to 1000000000"}),
      limit("requests_per_minute", "1000000001", {"0 to 1000000000"}),
      limit("requests_per_minute", "18446744073709551615", {"0 to 1000000000"}),
      limit("requests_per_minute", "1.5", {"whole number"}),
      limit("requests_per_minute", "\"60\"", {"whole number"}),
      limit("requests_per_minute", "true", {"whole number"}),
      limit("tokens_per_minute", "-0.5", {"0 to 1000000000"}),
      limit("burst_requests", "10000000001", {"0 to 10000000000"}),
      limit("burst_tokens", "[]", {"0 to 10000000000"}),
      limit("concurrent_requests", "1000001", {"0 to 1000000"}),
      limit("monthly_spending_limit", "-0.01", {"0 to 1000000", "dollars"}),
      limit("monthly_spending_limit", "1000000.01", {"0 to 1000000", "dollars"}),
      limit("daily_spending_limit", "\"5\"", {"0 to 1000000", "dollars"}),
      limit("total_spending_limit", "{}", {"0 to 1000000", "dollars"}),
      {R"("rate_limits": {"total_spending_limit": 0.0000000001})",
       "rate_limits.total_spending_limit",
       {"9 decimals"}},
      {R"("rate_limits": {"requests_per_minut": 5})",
       "rate_limits.requests_per_minut",
       {"no such field", "did you mean 'requests_per_minute'"}},
      {R"("rate_limits": 5)", "rate_limits", {"5", "object"}},
      {R"("rate_limits": [])", "rate_limits", {"object"}},
      {R"("daily_budget": -1)", "daily_budget", {"-1", "0 to 1000000"}},
  };
}

std::vector<bad_field> bad_texts() {
  return {
      {R"("name": "")", "name", {"1 to 100"}},
      {R"("name": null)", "name", {"null", "1 to 100"}},
      {R"("name": 7)", "name", {"7", "1 to 100"}},
      {R"("name": "a\u0000b")", "name", {"printable"}},
      {R"("name": "a\nb")", "name", {"printable"}},
      {R"("name": "a\u0085b")", "name", {"printable"}},
      {R"("name": ")" + repeated("x", 101) + "\"", "name", {"1 to 100"}},
      {R"("description": ")" + repeated("x", 1001) + "\"", "description", {"0 to 1000"}},
      {R"("environment": {})", "environment", {"0 to 100"}},
      {R"("type": "prod")", "type", {"prod", "production", "development", "restricted"}},
      {R"("type": 1)", "type", {"1", "production"}},
      {R"("token_accounting": "lax")", "token_accounting", {"lax", "adaptive", "strict"}},
      {R"("expires_at": "tomorrow")", "expires_at", {"tomorrow", "RFC 3339"}},
      {R"("expires_at": "2027-02-29T00:00:00Z")", "expires_at", {"2027-02-29", "RFC 3339"}},
      {R"("expires_at": "2027-01-31T23:59:59")", "expires_at", {"RFC 3339"}},
      {R"("expires_at": 1801436399)", "expires_at", {"1801436399", "RFC 3339"}},
      {R"("metadata": [1])", "metadata", {"object"}},
      {R"("metadata": {"a": ")" + repeated("x", 17000) + "\"}", "metadata", {"16384"}},
  };
}

std::vector<bad_field> bad_lists() {
  return {
      {R"("permissions": ["chat", "chatt"])",
       "permissions",
       {"chatt", "is no permission", "did you mean 'chat'"}},
      {R"("permissions": "chat")", "permissions", {"chat", "list"}},
      {R"("permissions": null)", "permissions", {"null", "list"}},
      {R"("permissions": [1])", "permissions", {"1", "text"}},
      {R"("models": ["a b"])", "models", {"a b", "1 to 100"}},
      {R"("models": ["deep*seek"])", "models", {"deep*seek", "only at the end"}},
      {R"("models": [""])", "models", {"1 to 100"}},
      {R"("models": [)" + repeated("\"m\",", 256) + "\"m\"]", "models", {"257", "256"}},
      {R"("allowed_ips": ["300.1.1.1"])", "allowed_ips", {"300.1.1.1"}},
      {R"("allowed_ips": ["10.0.0.0/33"])", "allowed_ips", {"10.0.0.0/33"}},
      {R"("allowed_ips": [["10.0.0.0"]])", "allowed_ips", {"text"}},
      {R"("allowed_referrers": ["ftp://x/*"])", "allowed_referrers", {"ftp://x/*"}},
      {R"("allowed_referrers": ["https://u@x/*"])", "allowed_referrers", {"https://u@x/*"}},
      {R"("nam": "x")", "nam", {"no such field", "did you mean 'name'"}},
      {R"("key": "sk-ds-of-my-own")", "key", {"no such field"}},
      {R"("id": "key_000000000001")", "id", {"no such field"}},
      {R"("status": "inactive")", "status", {"no such field"}},
      {R"("zzzzzzzzzzzzz": 1)", "zzzzzzzzzzzzz", {"no such field", "known are", "allowed_ips"}},
  };
}

void check_refused(const reading& answer, const bad_field& bad) {
  INFO(bad.member.substr(0, 200) << " -> " << answer.body);
  CHECK(answer.status == 400);
  const json::object error = answer.error();
  CHECK(text(error, "type") == "invalid_request_error");
  CHECK(text(error, "param") == bad.param);
  const std::string message = text(error, "message");
  CHECK(message.find(bad.param) != std::string::npos);
  for (const std::string& word : bad.words) {
    INFO(word);
    CHECK(message.find(word) != std::string::npos);
  }
  CHECK(message.size() < 600);
}

void check_all(const std::vector<bad_field>& all) {
  plane p;
  const json::object key = p.create(R"({"name": "before", "rate_limits":
                                        {"requests_per_minute": 3}})");
  const auto before = p.stored(key);
  for (const bad_field& bad : all) {
    const bool has_name = bad.member.starts_with("\"name\"");
    const std::string body =
        has_name ? "{" + bad.member + "}" : R"({"name": "x", )" + bad.member + "}";
    check_refused(p.call("POST", "/v1/keys", body), bad);
    // A good field beside the bad one is not taken either.
    const std::string patch = R"({"description": "half done", )" + bad.member + "}";
    if (bad.param != "description") {
      const auto answer = p.call("PATCH", "/v1/keys/" + text(key, "id"), patch);
      if (bad.param == "type")
        CHECK(answer.status == 400);
      else
        check_refused(answer, bad);
    }
  }
  CHECK(p.store().list().size() == 1);
  CHECK(p.stored(key) == before);
  CHECK(p.store().audit(100).size() == 1);
}

} // namespace

TEST_CASE("admin fields: a bad limit is refused, naming field, value and range") {
  check_all(bad_limits());
}

TEST_CASE("admin fields: a bad text is refused, naming field, value and range") {
  check_all(bad_texts());
}

TEST_CASE("admin fields: a bad list entry or an unknown field is refused by name") {
  check_all(bad_lists());
}

TEST_CASE("admin fields: bounds themselves are accepted") {
  plane p;
  const json::object key =
      p.create(R"({"name": ")" + repeated("\xC3\xA4", 100) +
               R"(", "rate_limits": {"requests_per_minute": 1e9, "tokens_per_minute": 1000000000,
          "burst_requests": 10000000000, "concurrent_requests": 1000000,
          "monthly_spending_limit": 1000000, "daily_spending_limit": 999999.999999999,
          "total_spending_limit": 0.05}, "permissions": [], "allowed_ips": []})");
  const auto limits = p.stored(key).limits;
  CHECK(limits.requests_per_minute == 1'000'000'000);
  CHECK(limits.burst_requests == 10'000'000'000);
  CHECK(limits.monthly == policies::nano_usd{1'000'000'000'000'000});
  CHECK(limits.daily == policies::nano_usd{999'999'999'999'999});
  CHECK(limits.total == policies::nano_usd{50'000'000});
  CHECK(p.stored(key).permissions.bits == 0);
}

TEST_CASE("admin fields: a body that is no single JSON object is refused") {
  plane p;
  const std::string deep = R"({"metadata":)" + repeated("{\"a\":", 100) + "1" + repeated("}", 101);
  for (const std::string& body :
       {std::string("{"), std::string("[]"), std::string("null"), std::string("\"x\""),
        std::string("{\"name\": \"x\"} {}"), std::string("{\"name\": \"\xff\"}"),
        std::string("{\"name\": \"\\ud800\"}"), std::string("{'name': 'x'}"), deep,
        std::string("name=x"), std::string("{\"name\": \"x\",}")}) {
    const auto answer = p.call("POST", "/v1/keys", body);
    INFO(body.substr(0, 80) << " -> " << answer.body);
    CHECK(answer.status == 400);
    CHECK(text(answer.error(), "message").find("the body is") != std::string::npos);
  }
  const auto missing = p.call("POST", "/v1/keys", "{}");
  CHECK(missing.status == 400);
  CHECK(text(missing.error(), "param") == "name");
  CHECK(p.call("POST", "/v1/keys").status == 400);
  CHECK(p.store().list().empty());
}

TEST_CASE("admin fields: a name that could pass for another's is refused") {
  plane p;
  for (const char* name : {R"("\u202eevil")", R"("a\u200bb")", R"("\ufeffapp")", R"("a\u2066b")",
                           R"("   ")", R"("\u009b31m")"}) {
    INFO(name);
    const auto answer = p.call("POST", "/v1/keys", std::string(R"({"name": )") + name + "}");
    CHECK(answer.status == 400);
    CHECK(answer.json().at("error").at("param") == "name");
  }
  CHECK(p.call("POST", "/v1/keys", R"({"name": "caf\u00e9 \u6df1\u5ea6 \ud83d\udd11 \u2013"})")
            .status == 201);
}

TEST_CASE("admin fields: a number that is larger than any that can be kept is refused anywhere") {
  plane p;
  for (const char* body : {R"({"name": "a", "metadata": {"x": [1, 1e400]}})",
                           R"({"name": "a", "rate_limits": {"monthly_spending_limit": -1e999}})"}) {
    INFO(body);
    const auto answer = p.call("POST", "/v1/keys", body);
    CHECK(answer.status == 400);
    CHECK(answer.body.find("larger than any") != std::string::npos);
  }
}

TEST_CASE("admin fields: a name that stands twice in an object is refused, at any depth") {
  plane p;
  for (const std::string body :
       {R"({"name": "x", "name": "y"})",
        R"({"name": "x", "rate_limits": {"monthly_spending_limit": 5,
             "monthly_spending_limit": null}})",
        R"({"name": "x", "rate_limits": {"monthly_spending_limit": 5}, "rate_limits": {}})",
        R"({"name": "x", "rate_limits": {}, "rate\u005flimits": {}})",
        R"({"name": "x", "metadata": {"a": [{"b": 1, "b": 2}]}})"}) {
    const auto answer = p.call("POST", "/v1/keys", body);
    INFO(body << " -> " << answer.body);
    CHECK(answer.status == 400);
    CHECK(text(answer.error(), "message").find("twice") != std::string::npos);
  }
  CHECK(p.call("POST", "/v1/keys", R"({"name": "x", "metadata": {"name": {"name": 1}}})").status ==
        201);
}
