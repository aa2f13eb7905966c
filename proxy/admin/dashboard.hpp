// The files of the web page, from proxy/admin/web and Debian's Chart.js.
#pragma once

#include <span>
#include <string_view>

namespace proxy::admin {

struct web_file {
  std::string_view name; // "app.js"
  std::string_view content;
};
std::span<const web_file> web_files();

// Scripts and styles of this address alone, no framing, no form to elsewhere: what a stored name or
// an answer could smuggle in does not run. https://www.w3.org/TR/CSP3/
inline constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

} // namespace proxy::admin
