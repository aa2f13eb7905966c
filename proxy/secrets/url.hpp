// Where a call goes: a URL taken apart as far as a call and its signature need it, and the escaping
// of what is put into one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/error.hpp"

namespace proxy::secrets {

struct location {
  bool tls = true;
  std::string host;
  std::uint16_t port = 443;
  std::string target; // path and query, at least "/"

  std::string host_field() const; // for the field Host: the port only where it is unusual
  std::string_view path() const;  // without the query
  std::string_view query() const; // without the ?
};

// http:// or https:// with a host; neither user information nor a fragment.
outcome<location> locate(std::string_view url);

// All but letters, digits and -._~ as %XX; `also` stays as it is too.
std::string percent_encoded(std::string_view text, std::string_view also = "");

// name=value&..., percent-encoded: the body of a form, or a query.
std::string form(const std::vector<std::pair<std::string, std::string>>& fields);

std::string without_trailing_slash(std::string url);

} // namespace proxy::secrets
