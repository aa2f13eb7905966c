// Where a head ends, and as early as possible that it never will.
#include "proxy/http/head.hpp"
#include "proxy/http/lines.hpp"

namespace proxy::http {
namespace {

using policies::admission::refusal_code;

constexpr std::string_view line_end = "\r\n";
// Method, two spaces, target, version.
constexpr std::size_t request_line_bytes_max = target_bytes_max + 64;

head_end find_end(std::string_view received, std::size_t skipped, std::size_t& scanned,
                  const head_limits& limits) {
  constexpr head_error too_large{refusal_code::header_too_large, "The head is too large."};
  const std::string_view text = received.substr(skipped);
  const line_scan scan = scan_lines(text, scanned > skipped ? scanned - skipped : 0);
  if (scan.fault != line_fault::none)
    return {.error = head_error{refusal_code::invalid_request, describe(scan.fault)}};
  if (scan.end == 0) {
    scanned = skipped + scan.resume;
    if (received.size() >= limits.bytes_max)
      return {.error = too_large};
    return {};
  }
  scanned = skipped + scan.end;
  if (scanned > limits.bytes_max)
    return {.error = too_large};
  return {.length = scanned, .error = std::nullopt};
}

} // namespace

head_end find_head_end(std::string_view received, std::size_t& scanned, const head_limits& limits) {
  const std::size_t skipped = received.starts_with(line_end) ? line_end.size() : 0;
  const head_end end = find_end(received, skipped, scanned, limits);
  const bool fault = end.error && end.error->code == refusal_code::invalid_request;
  if (fault || received.size() <= request_line_bytes_max)
    return end;
  if (received.substr(skipped, request_line_bytes_max).find('\n') == std::string_view::npos)
    return {.error = head_error{refusal_code::uri_too_long, "The request line is too long."}};
  return end;
}

head_end find_response_end(std::string_view received, std::size_t& scanned,
                           const head_limits& limits) {
  return find_end(received, 0, scanned, limits);
}

} // namespace proxy::http
