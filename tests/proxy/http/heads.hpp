// Heads for tests: built from parts, read through the whole interface, told apart by outcome.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/head.hpp"

namespace heads {

using policies::admission::refusal_code;
using proxy::http::request_head;
using proxy::http::response_head;

// A request with a Host and the given field lines.
inline std::string post(std::initializer_list<std::string> lines) {
  std::string text = "POST /v1/chat/completions HTTP/1.1\r\nHost: proxy.test\r\n";
  for (const std::string& line : lines)
    text += line + "\r\n";
  return text + "\r\n";
}
inline std::string first_line(const std::string& line) {
  return line + "\r\nHost: proxy.test\r\n\r\n";
}
inline std::string get(const std::string& target) {
  return first_line("GET " + target + " HTTP/1.1");
}

// What became of a head: nullopt is accepted. Views of `head` point into `text`.
struct request_outcome {
  std::string text;
  std::unique_ptr<request_head> head = std::make_unique<request_head>();
  std::optional<refusal_code> refused;
  const request_head* operator->() const { return head.get(); }
};

inline request_outcome read(std::string text, proxy::http::head_limits limits = {}) {
  request_outcome out;
  out.text = std::move(text);
  if (const auto error = proxy::http::parse_request_head(*out.head, out.text, limits))
    out.refused = error->code;
  return out;
}

// As a session does it: find the end, then parse; what never ends is no head.
inline std::optional<refusal_code> refusal(const std::string& text,
                                           proxy::http::head_limits limits = {}) {
  std::size_t scanned = 0;
  const auto end = proxy::http::find_head_end(text, scanned, limits);
  const auto direct = read(text, limits);
  if (end.error)
    return end.error->code;
  if (end.length == 0)
    return direct.refused;
  return read(text.substr(0, end.length), limits).refused;
}
inline bool is_malformed(const std::string& text) {
  return refusal(text) == refusal_code::invalid_request &&
         read(text).refused == refusal_code::invalid_request;
}

struct response_outcome {
  std::string text;
  std::unique_ptr<response_head> head = std::make_unique<response_head>();
  std::optional<std::string_view> error;
  const response_head* operator->() const { return head.get(); }
};
inline response_outcome answer(std::string text, bool to_head_request = false,
                               proxy::http::head_limits limits = {}) {
  response_outcome out;
  out.text = std::move(text);
  out.error = proxy::http::parse_response_head(*out.head, out.text, to_head_request, limits);
  return out;
}
inline std::string ok(std::initializer_list<std::string> lines,
                      const std::string& status = "HTTP/1.1 200 OK") {
  std::string text = status + "\r\n";
  for (const std::string& line : lines)
    text += line + "\r\n";
  return text + "\r\n";
}

} // namespace heads
