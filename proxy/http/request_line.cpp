// One spelling of a request line is accepted: token, space, target, space, version. Targets are
// neither decoded nor normalised: the path that is judged is the path that is sent.
#include "proxy/http/request_line.hpp"

#include <algorithm>

#include "proxy/http/octets.hpp"

namespace proxy::http {
namespace {

using policies::admission::refusal_code;

constexpr std::size_t method_bytes_max = 32;
constexpr std::size_t host_bytes_max = 255;

std::optional<head_error> read_version(request_head& out, std::string_view version) {
  out.http_1_1 = version == "HTTP/1.1";
  if (out.http_1_1 || version == "HTTP/1.0")
    return std::nullopt;
  if (!version.starts_with("HTTP/"))
    return malformed("The request line has no HTTP version.");
  const std::string_view number = version.substr(5);
  const std::size_t dot = number.find('.');
  const bool whole = dot == std::string_view::npos;
  if (number.empty() || dot == 0 || !all_are(digit_octet, number.substr(0, dot)) ||
      (!whole && (dot + 1 == number.size() || !all_are(digit_octet, number.substr(dot + 1)))))
    return malformed("The HTTP version is malformed.");
  return head_error{refusal_code::version_unsupported, "Only HTTP/1.1 and HTTP/1.0 are spoken."};
}

// Each % begins an escape, and none of a control: no reader behind us gets to see one decoded.
bool are_good_escapes(std::string_view target) {
  for (std::size_t at = target.find('%'); at != std::string_view::npos;
       at = target.find('%', at + 3)) {
    if (at + 2 >= target.size() || !is(hex_octet, target[at + 1]) || !is(hex_octet, target[at + 2]))
      return false;
    const unsigned octet = hex_value(target[at + 1]) * 16 + hex_value(target[at + 2]);
    if (octet < 0x20 || octet == 0x7f)
      return false;
  }
  return true;
}

std::optional<head_error> check_target(std::string_view target) {
  if (target.size() > target_bytes_max)
    return head_error{refusal_code::uri_too_long, "The request target is longer than 8192 bytes."};
  if (target.empty() || !all_are(target_octet, target))
    return malformed("The request target is empty or holds a character that must be escaped.");
  if (!are_good_escapes(target))
    return malformed("The request target holds a malformed or control escape.");
  return std::nullopt;
}

bool is_ipv6_literal(std::string_view text) {
  if (text.size() < 4 || text.front() != '[' || text.back() != ']')
    return false;
  bool colon = false;
  for (const char c : text.substr(1, text.size() - 2)) {
    if (!is(hex_octet, c) && c != ':' && c != '.')
      return false;
    colon = colon || c == ':';
  }
  return colon;
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !all_are(digit_octet, text))
    return false;
  unsigned value = 0;
  for (const char c : text)
    value = value * 10 + static_cast<unsigned>(c - '0');
  return value <= 65535;
}

// "http://authority/path" becomes "/path", if the authority is the Host field's.
std::optional<head_error> reduce_absolute(request_head& out) {
  constexpr std::size_t scheme_max = 8; // "https://"
  const std::string_view start = out.target.substr(0, scheme_max);
  std::size_t scheme = 0;
  if (equal_ignoring_case(start, "https://"))
    scheme = 8;
  else if (equal_ignoring_case(start.substr(0, 7), "http://"))
    scheme = 7;
  else
    return malformed("The request target must begin with a slash.");
  const std::string_view rest = out.target.substr(scheme);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  if (!equal_ignoring_case(rest.substr(0, end), out.host))
    return malformed("The request target's authority is not the Host field's.");
  out.target = rest.substr(end);
  if (out.target.empty())
    out.target = "/";
  if (out.target.front() != '/')
    return malformed("The request target has no path.");
  return std::nullopt;
}

} // namespace

std::optional<head_error> read_request_line(request_head& out, std::string_view line) {
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos)
    return malformed("The request line has no target.");
  out.method = line.substr(0, first);
  if (out.method.empty() || out.method.size() > method_bytes_max ||
      !all_are(token_octet, out.method))
    return malformed("The method is no token.");
  const std::size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos)
    return malformed("The request line has no HTTP version.");
  out.target = line.substr(first + 1, second - first - 1);
  if (const auto error = check_target(out.target))
    return error;
  return read_version(out, line.substr(second + 1));
}

bool is_host(std::string_view text) {
  if (text.size() > host_bytes_max)
    return false;
  std::size_t name = text.find(':');
  if (text.starts_with('['))
    name = text.find(']') == std::string_view::npos ? 0 : text.find(']') + 1;
  const std::string_view host = text.substr(0, name);
  if (host.empty() || !(all_are(host_octet, host) || is_ipv6_literal(host)))
    return false;
  const std::string_view rest = name < text.size() ? text.substr(name) : std::string_view{};
  return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
}

std::optional<head_error> settle_target(request_head& out) {
  if (out.method == "CONNECT" || out.method == "TRACE")
    return head_error{refusal_code::method_not_allowed, "CONNECT and TRACE are not served."};
  if (out.target == "*") {
    if (out.method != "OPTIONS")
      return malformed("Only OPTIONS may ask for *.");
  } else if (out.target.front() != '/') {
    if (const auto error = reduce_absolute(out))
      return error;
  }
  const std::size_t question = out.target.find('?');
  out.path = out.target.substr(0, question);
  if (question != std::string_view::npos)
    out.query = out.target.substr(question + 1);
  return std::nullopt;
}

} // namespace proxy::http
