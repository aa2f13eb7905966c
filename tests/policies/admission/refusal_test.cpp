// Refusals as clients see them: status, type and code of each, and errors that always parse.
#include <string>
#include <vector>

#include "policies/admission/refusal.hpp"
#include "tests/support/catch.hpp"

using namespace policies::admission;

namespace {

struct expectation {
  refusal_code code;
  int status;
  std::string_view name;
  std::string_view openai;
  std::string_view anthropic;
};

constexpr std::string_view bad_request = "invalid_request_error";

const std::vector<expectation> table{
    {refusal_code::invalid_request, 400, "invalid_request", bad_request, bad_request},
    {refusal_code::invalid_api_key, 401, "invalid_api_key", "authentication_error",
     "authentication_error"},
    {refusal_code::expired_api_key, 401, "expired_api_key", "authentication_error",
     "authentication_error"},
    {refusal_code::inactive_api_key, 401, "inactive_api_key", "authentication_error",
     "authentication_error"},
    {refusal_code::permission_denied, 403, "permission_denied", "permission_error",
     "permission_error"},
    {refusal_code::model_not_allowed, 403, "model_not_allowed", "permission_error",
     "permission_error"},
    {refusal_code::ip_not_allowed, 403, "ip_not_allowed", "permission_error", "permission_error"},
    {refusal_code::referrer_not_allowed, 403, "referrer_not_allowed", "permission_error",
     "permission_error"},
    {refusal_code::not_found, 404, "not_found", bad_request, "not_found_error"},
    {refusal_code::method_not_allowed, 405, "method_not_allowed", bad_request, bad_request},
    {refusal_code::request_timeout, 408, "request_timeout", "timeout_error", "timeout_error"},
    {refusal_code::length_required, 411, "length_required", bad_request, bad_request},
    {refusal_code::request_too_large, 413, "request_too_large", bad_request, "request_too_large"},
    {refusal_code::uri_too_long, 414, "uri_too_long", bad_request, bad_request},
    {refusal_code::unsupported_media_type, 415, "unsupported_media_type", bad_request, bad_request},
    {refusal_code::expectation_failed, 417, "expectation_failed", bad_request, bad_request},
    {refusal_code::rate_limit_exceeded, 429, "rate_limit_exceeded", "rate_limit_error",
     "rate_limit_error"},
    {refusal_code::insufficient_quota, 429, "insufficient_quota", "insufficient_quota",
     "billing_error"},
    {refusal_code::header_too_large, 431, "header_too_large", bad_request, bad_request},
    {refusal_code::websocket_unsupported, 501, "websocket_unsupported", bad_request, bad_request},
    {refusal_code::upstream_refused, 502, "upstream_refused", "upstream_error", "api_error"},
    {refusal_code::upstream_failed, 502, "upstream_failed", "upstream_error", "api_error"},
    {refusal_code::upstream_unreachable, 502, "upstream_unreachable", "upstream_error",
     "api_error"},
    {refusal_code::enforcement_unavailable, 503, "enforcement_unavailable",
     "service_unavailable_error", "overloaded_error"},
    {refusal_code::overloaded, 503, "overloaded", "service_unavailable_error", "overloaded_error"},
    {refusal_code::upstream_timeout, 504, "upstream_timeout", "timeout_error", "timeout_error"},
    {refusal_code::version_unsupported, 505, "version_unsupported", bad_request, bad_request},
    {refusal_code::request_in_progress, 409, "request_in_progress", bad_request, bad_request},
};

std::string openai_message(std::string_view message) {
  std::string out;
  append_openai_error(out, {.code = refusal_code::invalid_request,
                            .message = std::string{message},
                            .param = {},
                            .retry_after = {}});
  const std::string head = R"({"error":{"message":)";
  const std::string tail =
      R"(,"type":"invalid_request_error","param":null,"code":"invalid_request"}})";
  REQUIRE(out.starts_with(head));
  REQUIRE(out.ends_with(tail));
  return out.substr(head.size(), out.size() - head.size() - tail.size());
}

} // namespace

TEST_CASE("refusal: each code has its status, name and types") {
  CHECK(table.size() == static_cast<std::size_t>(refusal_code::request_in_progress) + 1);
  for (const expectation& each : table) {
    CAPTURE(each.name);
    CHECK(status_of(each.code) == each.status);
    CHECK(name_of(each.code) == each.name);
    CHECK(openai_type(each.code) == each.openai);
    CHECK(anthropic_type(each.code) == each.anthropic);
  }
}

TEST_CASE("refusal: errors in both formats, appended to what is there") {
  const refusal why{.code = refusal_code::permission_denied,
                    .message = "no \"code\" here",
                    .param = "model",
                    .retry_after = {}};
  std::string out = "head:";
  append_openai_error(out, why);
  CHECK(out == R"(head:{"error":{"message":"no \"code\" here","type":"permission_error",)"
               R"("param":"model","code":"permission_denied"}})");
  out.clear();
  append_anthropic_error(out, why);
  CHECK(out == R"({"type":"error","error":{"type":"permission_error",)"
               R"("message":"no \"code\" here"}})");
}

TEST_CASE("refusal: the answer to an expired key nowhere says invalid") {
  for (const auto write : {append_openai_error, append_anthropic_error}) {
    std::string out;
    write(out, {.code = refusal_code::expired_api_key,
                .message = "API key has expired",
                .param = {},
                .retry_after = {}});
    CHECK(out.find("expired") != std::string::npos);
    CHECK(out.find("invalid") == std::string::npos);
  }
}

TEST_CASE("refusal: what JSON forbids in a string is escaped") {
  CHECK(openai_message("") == R"("")");
  CHECK(openai_message("a\\b\"c/d") == R"("a\\b\"c/d")");
  CHECK(openai_message("\n\r\t") == R"("\n\r\t")");
  CHECK(openai_message(std::string_view{"\0\x01\x1f\x7f", 4}) == R"("\u0000\u0001\u001f\u007f")");
  CHECK(openai_message("</script>") == R"("</script>")");
}

TEST_CASE("refusal: good UTF-8 passes byte for byte at the edges of every length") {
  for (const std::string_view text : {"\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff",
                                      "\U00010000", "\U0010ffff", "a\u20acb\U0001f600c"}) {
    CHECK(openai_message(text) == "\"" + std::string{text} + "\"");
  }
}

TEST_CASE("refusal: what is no UTF-8 is replaced, and what follows it is kept") {
  const std::string bad = "\uFFFD";
  const auto quoted = [](const std::string& text) { return "\"" + text + "\""; };
  CHECK(openai_message("a\x80z") == quoted("a" + bad + "z"));
  CHECK(openai_message("a\xffz") == quoted("a" + bad + "z"));
  CHECK(openai_message("a\xc0\xafz") == quoted("a" + bad + bad + "z"));           // overlong
  CHECK(openai_message("a\xe0\x80\x80z") == quoted("a" + bad + bad + bad + "z")); // overlong
  CHECK(openai_message("\xed\xa0\x80") == quoted(bad + bad + bad));               // surrogate
  CHECK(openai_message("\xf4\x90\x80\x80") == quoted(bad + bad + bad + bad));     // > U+10FFFF
  CHECK(openai_message("\xe2\x82") == quoted(bad));                               // cut at the end
  CHECK(openai_message("\xe2\x82\"") == quoted(bad + "\\\""));                    // cut by a quote
  CHECK(openai_message("\xf0\x9f\x98z") == quoted(bad + "z"));
  CHECK(openai_message("\xc3") == quoted(bad));
}
