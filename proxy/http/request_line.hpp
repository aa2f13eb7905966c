// The request line and the Host field: what is asked for, and of whom. It knows no other field.
#pragma once

#include <optional>
#include <string_view>

#include "proxy/http/head.hpp"

namespace proxy::http {

constexpr head_error malformed(std::string_view what) {
  return {policies::admission::refusal_code::invalid_request, what};
}

// Method, target as sent and version of a line without its CRLF.
std::optional<head_error> read_request_line(request_head& out, std::string_view line);

// A registered name, an IPv4 address or an IPv6 literal, then perhaps a port; no user info.
bool is_host(std::string_view text);

// Once Host is known: reduces an absolute target to its origin form, splits path and query.
std::optional<head_error> settle_target(request_head& out);

} // namespace proxy::http
