// What each refusal code means in HTTP and in the two error formats, and how an error is written.
#include "policies/admission/refusal.hpp"

#include <array>

#include "policies/admission/json_text.hpp"

namespace policies::admission {
namespace {

struct code_facts {
  std::string_view name;
  int status;
  std::string_view openai;
  std::string_view anthropic;
};

// In the order of refusal_code.
constexpr std::array<code_facts, 29> facts{{
    {"invalid_request", 400, "invalid_request_error", "invalid_request_error"},
    {"invalid_api_key", 401, "authentication_error", "authentication_error"},
    {"expired_api_key", 401, "authentication_error", "authentication_error"},
    {"inactive_api_key", 401, "authentication_error", "authentication_error"},
    {"permission_denied", 403, "permission_error", "permission_error"},
    {"model_not_allowed", 403, "permission_error", "permission_error"},
    {"ip_not_allowed", 403, "permission_error", "permission_error"},
    {"referrer_not_allowed", 403, "permission_error", "permission_error"},
    {"not_found", 404, "invalid_request_error", "not_found_error"},
    {"method_not_allowed", 405, "invalid_request_error", "invalid_request_error"},
    {"request_timeout", 408, "timeout_error", "timeout_error"},
    {"length_required", 411, "invalid_request_error", "invalid_request_error"},
    {"request_too_large", 413, "invalid_request_error", "request_too_large"},
    {"uri_too_long", 414, "invalid_request_error", "invalid_request_error"},
    {"unsupported_media_type", 415, "invalid_request_error", "invalid_request_error"},
    {"expectation_failed", 417, "invalid_request_error", "invalid_request_error"},
    {"rate_limit_exceeded", 429, "rate_limit_error", "rate_limit_error"},
    {"insufficient_quota", 429, "insufficient_quota", "billing_error"},
    {"header_too_large", 431, "invalid_request_error", "invalid_request_error"},
    {"websocket_unsupported", 501, "invalid_request_error", "invalid_request_error"},
    {"upstream_refused", 502, "upstream_error", "api_error"},
    {"upstream_failed", 502, "upstream_error", "api_error"},
    {"upstream_unreachable", 502, "upstream_error", "api_error"},
    {"enforcement_unavailable", 503, "service_unavailable_error", "overloaded_error"},
    {"overloaded", 503, "service_unavailable_error", "overloaded_error"},
    {"upstream_timeout", 504, "timeout_error", "timeout_error"},
    {"version_unsupported", 505, "invalid_request_error", "invalid_request_error"},
    {"request_in_progress", 409, "invalid_request_error", "invalid_request_error"},
    {"certificate_not_allowed", 403, "permission_error", "permission_error"},
}};
static_assert(facts.size() == static_cast<std::size_t>(refusal_code::certificate_not_allowed) + 1);

const code_facts& facts_of(refusal_code code) {
  return facts[static_cast<std::size_t>(code)];
}

} // namespace

int status_of(refusal_code code) {
  return facts_of(code).status;
}
std::string_view name_of(refusal_code code) {
  return facts_of(code).name;
}
std::string_view openai_type(refusal_code code) {
  return facts_of(code).openai;
}
std::string_view anthropic_type(refusal_code code) {
  return facts_of(code).anthropic;
}

void append_openai_error(std::string& out, const refusal& why) {
  out += R"({"error":{"message":)";
  append_json_string(out, why.message);
  out += R"(,"type":)";
  append_json_string(out, openai_type(why.code));
  out += R"(,"param":)";
  if (why.param.empty())
    out += "null";
  else
    append_json_string(out, why.param);
  out += R"(,"code":)";
  append_json_string(out, name_of(why.code));
  out += "}}";
}

void append_anthropic_error(std::string& out, const refusal& why) {
  out += R"({"type":"error","error":{"type":)";
  append_json_string(out, anthropic_type(why.code));
  out += R"(,"message":)";
  append_json_string(out, why.message);
  out += "}}";
}

} // namespace policies::admission
