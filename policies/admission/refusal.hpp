// Why a request is not served: a value that a session turns into an answer in the client's format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policies/types.hpp"

namespace policies::admission {

// The error's `code` in the answer; type and status follow from it.
enum class refusal_code : std::uint8_t {
  invalid_request,         // 400
  invalid_api_key,         // 401
  expired_api_key,         // 401, the message says "expired" and never "invalid"
  inactive_api_key,        // 401
  permission_denied,       // 403
  model_not_allowed,       // 403
  ip_not_allowed,          // 403
  referrer_not_allowed,    // 403
  not_found,               // 404
  method_not_allowed,      // 405
  request_timeout,         // 408
  length_required,         // 411
  request_too_large,       // 413
  uri_too_long,            // 414
  unsupported_media_type,  // 415
  expectation_failed,      // 417
  rate_limit_exceeded,     // 429 with retry-after
  insufficient_quota,      // 429 with x-should-retry: false
  header_too_large,        // 431
  websocket_unsupported,   // 501
  upstream_refused,        // 502
  upstream_failed,         // 502
  upstream_unreachable,    // 502
  enforcement_unavailable, // 503
  overloaded,              // 503
  upstream_timeout,        // 504
  version_unsupported,     // 505
  request_in_progress,     // 409; what follows is in order of its making: ledgers keep numbers
  certificate_not_allowed, // 403
};

struct refusal {
  refusal_code code{};
  std::string message;    // says whether this proxy or DeepSeek refused, and what to do
  std::string_view param; // the field at fault, or empty; static storage
  std::optional<milliseconds> retry_after;
  bool should_retry = true; // false: x-should-retry: false
};

int status_of(refusal_code code);
std::string_view name_of(refusal_code code);        // "rate_limit_exceeded"
std::string_view openai_type(refusal_code code);    // "invalid_request_error", ...
std::string_view anthropic_type(refusal_code code); // "rate_limit_error", ...

// {"error":{"message":…,"type":…,"param":…,"code":…}} and
// {"type":"error","error":{"type":…,"message":…}}; appended to `out`.
void append_openai_error(std::string& out, const refusal& why);
void append_anthropic_error(std::string& out, const refusal& why);

} // namespace policies::admission
