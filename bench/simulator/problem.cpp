// One function a shape; all but two are {"error":{message,type,param,code}}.
#include "bench/simulator/problem.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace simulator {
namespace {

problem shaped(int status, std::string_view message, std::string_view type,
               std::string_view code = "invalid_request_error") {
  return {.status = status,
          .body =
              fmt::format(R"({{"error":{{"message":{},"type":"{}","param":null,"code":"{}"}}}})",
                          boost::json::serialize(message), type, code)};
}

} // namespace

problem bad_request(std::string_view message) {
  return shaped(400, message, "invalid_request_error");
}

problem unprocessable(std::string_view message) {
  return shaped(
      422, fmt::format("Failed to deserialize the JSON body into the target type: {}", message),
      "invalid_request_error");
}

problem not_found() {
  return shaped(404, "Not Found", "invalid_request_error");
}

problem no_key() {
  return {.status = 401,
          .body = "Authentication Fails (governor)",
          .type = "text/plain; charset=utf-8"};
}

problem wrong_key(std::string_view key, std::string_view trace_id) {
  const auto tail = key.size() > 4 ? key.substr(key.size() - 4) : std::string_view{};
  return shaped(
      401,
      fmt::format("Authentication Fails, Your api key: ****{} is invalid (request_id: {})", tail,
                  trace_id),
      "authentication_error");
}

problem too_many(std::int64_t current, std::int64_t limit) {
  return shaped(429,
                fmt::format("Too many requests. Your current concurrency is {}, which exceeds your "
                            "concurrency limit of {}. Please slow down.",
                            current, limit),
                "rate_limit_error");
}

problem too_large() {
  return shaped(413, "Request body is too large", "invalid_request_error");
}

problem of_status(int status) {
  switch (status) {
  case 401:
    return wrong_key("sk-0000", "simulated");
  case 402:
    return shaped(402, "Insufficient Balance", "unknown_error");
  case 404:
    return not_found();
  case 422:
    return unprocessable("simulated");
  case 429:
    return too_many(26, 25);
  case 503:
    return shaped(503, "Service is too busy. We advise users to temporarily switch to other times.",
                  "service_unavailable_error", "service_unavailable_error");
  default:
    return shaped(status, "Simulated error", status < 500 ? "invalid_request_error" : "api_error");
  }
}

problem as_plain_text(int status) {
  return {.status = status,
          .body = "Failed to deserialize the JSON body into the target type: simulated",
          .type = "text/plain; charset=utf-8"};
}

} // namespace simulator
