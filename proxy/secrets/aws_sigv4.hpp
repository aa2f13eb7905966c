// Signature Version 4, by which AWS knows who asks:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
// For services that take the path as it is sent; S3's own rules are not needed here.
#pragma once

#include <chrono>
#include <string>

#include "proxy/secrets/https_call.hpp"

namespace proxy::secrets {

struct aws_credentials {
  std::string key_id;
  std::string secret;
  std::string session_token; // of temporary credentials; else empty
};

struct aws_scope {
  std::string region;
  std::string service;
  std::chrono::system_clock::time_point now;
};

// Adds X-Amz-Date, X-Amz-Security-Token where there is one, and Authorization over all fields that
// the request has by then, Host and body. Fails only where the URL is none.
outcome<void> sign(http_request& request, const aws_credentials& as, const aws_scope& scope);

} // namespace proxy::secrets
