// Writes heads into a fixed buffer: ours to the upstream (our key, our framing), ours to the
// client. Values that are configured or computed are checked for CR, LF and NUL: such a field is
// left out and reported by ok().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/http/head.hpp"
#include "proxy/http/octets.hpp"

namespace proxy::http {

// A field's name as it stands in the code: checked when that is compiled.
struct field_title {
  std::string_view text;
  consteval field_title(const char* name) : text(name) {
    if (text.empty() || !all_are(token_octet, text))
      throw "no field has such a name";
  }
};

class head_writer {
 public:
  explicit head_writer(std::span<char> room) : room_(room) {}
  void raw(std::string_view text);  // unchecked: constants, and what a parser found good
  void word(std::string_view text); // part of a first line: neither space nor control
  void line(field_title name, std::string_view value);
  void line(field_title name, std::string_view scheme, std::string_view value);
  void line(field_title name, std::uint64_t value);
  void copy(const field& parsed); // unchecked: of a parsed head
  void end() { raw("\r\n"); }
  std::string_view text() const { return {room_.data(), used_}; }
  bool ok() const { return ok_; } // false: something did not fit or had a forbidden byte

 private:
  char* room_for(std::size_t bytes); // nullptr: does not fit

  std::span<char> room_;
  std::size_t used_ = 0;
  bool ok_ = true;
};

// What is the same for every request to the upstream.
struct upstream_identity {
  std::string_view host;      // Host field
  std::string_view base_path; // in front of the target
  std::string_view bearer;    // the real key
  std::string_view trace{};   // a traceparent of ours; empty: the client's own, if any
};
struct request_framing {
  framing body = framing::none;
  std::uint64_t length = 0;
};
// A whole head. The client's end-to-end fields minus hop-by-hop, Host, framing, Authorization,
// x-api-key, Expect, Accept-Encoding, X-Forwarded-*, Forwarded, X-Real-IP, Cookie, Referer, Origin,
// x-request-id, and what could ask for another method or path than was permitted (such as
// X-HTTP-Method-Override); then Host, Authorization, Accept-Encoding: identity, x-request-id,
// framing. Fields first, ours last: no client field can remove or shadow ours.
void write_upstream_head(head_writer& out, const request_head& client, const upstream_identity& to,
                         std::string_view request_id, request_framing body);

// Status line and the upstream's end-to-end fields minus framing, hop-by-hop, Server, Set-Cookie,
// x-request-id, x-ratelimit-*, x-budget-*, Alt-Svc, Strict-Transport-Security. The caller adds its
// own fields, framing and end().
void write_client_fields(head_writer& out, const response_head& upstream);

} // namespace proxy::http
