// One HTTP or HTTPS call, made while the caller waits: for threads that may wait, never for data
// threads. Certificates are verified, redirects not followed, answers bounded, and everything from
// the look-up of the name to the last byte is under one deadline.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "proxy/error.hpp"

namespace proxy::secrets {

// Of a machine's own metadata service, which answers at once where there is one.
inline constexpr std::chrono::milliseconds metadata_timeout{2000};

constexpr std::size_t answer_bytes_max = 64 * 1024;

struct http_request {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers; // Host and lengths are added
  std::string body;
  std::string ca_file = {}; // PEM; empty: the system's, or $SSL_CERT_FILE
  std::chrono::milliseconds timeout{10'000};
};

struct http_answer {
  unsigned status = 0;
  std::string body;
};

// A failure names the host and the reason; nothing of request or answer stands in it. `stop` ends
// the wait early.
outcome<http_answer> https_call(const http_request& request, const std::stop_token& stop);

} // namespace proxy::secrets
