// Message heads as views into the buffer they arrived in. What two HTTP implementations could read
// differently is refused, not repaired.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "policies/admission/refusal.hpp"
#include "proxy/http/field_name.hpp"

namespace proxy::http {

struct field {
  std::string_view name;            // as sent
  std::string_view value;           // trimmed of spaces and tabs
  field_id id = field_id::unlooked; // spares readers of parsed heads the look-up
  bool verbatim = false;            // stands in its head as "name: value", CRLF
};
inline constexpr std::size_t fields_max = 100;
inline constexpr std::size_t target_bytes_max = 8192;

enum class framing : std::uint8_t { none, length, chunked, until_close /* answers only */ };

// What the proxy itself needs of a request; every other field is only passed on.
struct request_facts {
  std::string_view method;
  std::string_view target; // origin form, as it goes upstream: absolute form is reduced to it
  std::string_view path;   // target without the query
  std::string_view query;  // without '?'
  std::string_view host;
  bool http_1_1 = true;
  bool keep_alive = true;
  framing body = framing::none;
  std::uint64_t content_length = 0;
  bool expect_continue = false;
  bool upgrade_websocket = false;
  bool content_encoded = false;   // Content-Encoding other than identity
  std::string_view authorization; // whether it agrees with x_api_key is the session's to judge
  std::string_view x_api_key;
  std::string_view referer;
  std::string_view origin;
  std::string_view content_type;
  std::string_view idempotency_key;
  std::string_view user_agent;
  std::string_view connection_options; // the Connection field's value: names listed are hop-by-hop
};
struct request_head : request_facts {
  std::array<field, fields_max + 1> fields; // the last is where the end is read
  std::size_t field_count = 0;
  std::span<const field> all() const { return {fields.data(), field_count}; }
};

struct head_error {
  policies::admission::refusal_code code = policies::admission::refusal_code::invalid_request;
  std::string_view message; // static text
};

struct head_limits {
  std::size_t bytes_max = 32 * 1024;
  std::size_t fields_max = 100;
};

// Length of the head including its empty line, if complete; a look-up that resumes at `scanned`
// (bytes already looked at) and updates it. Bare LF never ends a head. Also refuses early what can
// never become a head (first line too long, a NUL, ...). One empty line in front of a request is
// part of its head: counted in the length, and skipped by parse_request_head.
struct head_end {
  std::size_t length = 0; // 0: not complete
  std::optional<head_error> error;
};
head_end find_head_end(std::string_view received, std::size_t& scanned, const head_limits& limits);
// The same for an answer, in front of which nothing may stand.
head_end find_response_end(std::string_view received, std::size_t& scanned,
                           const head_limits& limits);

// `head` is exactly one head, empty line included. Views in `out` point into it (the target "/" of
// an absolute form without a path apart). After an error `out` holds whatever was read so far.
std::optional<head_error> parse_request_head(request_head& out, std::string_view head,
                                             const head_limits& limits);

struct response_facts {
  int status = 0;
  std::string_view reason;
  bool http_1_1 = true;
  bool keep_alive = true;
  framing body = framing::none;
  std::uint64_t content_length = 0; // as announced, also where framing says that none follows
  bool event_stream = false;        // Content-Type: text/event-stream
  bool json = false;                // Content-Type: application/json...
  bool content_encoded = false;
  std::string_view content_type;
  std::string_view retry_after;
  std::string_view connection_options;
};
struct response_head : response_facts {
  std::array<field, fields_max + 1> fields; // the last is where the end is read
  std::size_t field_count = 0;
  std::span<const field> all() const { return {fields.data(), field_count}; }
};

// An answer to `method` (HEAD has no body). 1xx heads parse too: the caller counts and skips them.
// The error's text is for the log; the client gets a 502.
std::optional<std::string_view> parse_response_head(response_head& out, std::string_view head,
                                                    bool to_head_request,
                                                    const head_limits& limits);

// Whether a field must not be passed on: hop-by-hop by name, or listed in Connection.
bool hop_by_hop(const field& f, std::string_view connection_options);

} // namespace proxy::http
