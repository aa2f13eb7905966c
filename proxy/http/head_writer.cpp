// Heads written line by line. What was parsed is copied as it stands, what was configured is
// checked.
#include "proxy/http/head_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "proxy/http/lines.hpp"

namespace proxy::http {
namespace {

char* put(char* at, std::string_view text) {
  return std::copy(text.begin(), text.end(), at);
}

// Whether every octet is a value_octet.
bool is_value(std::string_view text) {
  const char* const end = text.data() + text.size();
  const char* at = next_control(text.data(), end);
  while (at != end && *at == '\t')
    at = next_control(at + 1, end);
  return at == end;
}

bool is_passed_on(const field& f, field_trait dropped, std::string_view connection_options) {
  const field_id id = f.id == field_id::unlooked ? look_up(f.name) : f.id;
  return !has(id, dropped) && !hop_by_hop(f, connection_options);
}

// Neighbours that stand verbatim in their head are copied in one piece, lines and all.
void copy_fields(head_writer& out, std::span<const field> fields, field_trait dropped,
                 std::string_view connection_options) {
  std::string_view lines;
  for (const field& f : fields) {
    if (!is_passed_on(f, dropped, connection_options))
      continue;
    if (f.verbatim && !lines.empty() && f.name.data() == lines.data() + lines.size()) {
      lines = {lines.data(), lines.size() + f.name.size() + 2 + f.value.size() + 2};
      continue;
    }
    out.raw(lines);
    lines = {};
    if (f.verbatim)
      lines = {f.name.data(), f.name.size() + 2 + f.value.size() + 2};
    else
      out.copy(f);
  }
  out.raw(lines);
}

} // namespace

char* head_writer::room_for(std::size_t bytes) {
  if (bytes > room_.size() - used_) {
    ok_ = false;
    return nullptr;
  }
  char* const at = room_.data() + used_;
  used_ += bytes;
  return at;
}

void head_writer::raw(std::string_view text) {
  if (char* const at = room_for(text.size()))
    put(at, text);
}

void head_writer::word(std::string_view text) {
  if (all_are(target_octet, text))
    raw(text);
  else
    ok_ = false;
}

void head_writer::line(field_title name, std::string_view value) {
  line(name, {}, value);
}

void head_writer::line(field_title name, std::string_view scheme, std::string_view value) {
  if (!is_value(scheme) || !is_value(value)) {
    ok_ = false;
    return;
  }
  if (char* at = room_for(name.text.size() + 2 + scheme.size() + value.size() + 2))
    put(put(put(put(put(at, name.text), ": "), scheme), value), "\r\n");
}

void head_writer::line(field_title name, std::uint64_t value) {
  std::array<char, 20> digits;
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  line(name, {digits.data(), static_cast<std::size_t>(written.ptr - digits.data())});
}

void head_writer::copy(const field& parsed) {
  if (char* at = room_for(parsed.name.size() + 2 + parsed.value.size() + 2))
    put(put(put(put(at, parsed.name), ": "), parsed.value), "\r\n");
}

void write_upstream_head(head_writer& out, const request_head& client, const upstream_identity& to,
                         std::string_view request_id, request_framing body) {
  out.raw(client.method);
  out.raw(" ");
  out.word(to.base_path);
  out.raw(client.target);
  out.raw(" HTTP/1.1\r\n");
  copy_fields(out, client.all(), not_to_upstream, client.connection_options);
  out.line("Host", to.host);
  out.line("Authorization", "Bearer ", to.bearer);
  out.line("Accept-Encoding", "identity");
  out.line("x-request-id", request_id);
  if (!to.trace.empty()) { // made of digits: nothing to look for
    out.raw("traceparent: ");
    out.raw(to.trace);
    out.raw("\r\n");
  }
  // Without a body, methods that are expected to have one say so (RFC 9110, 8.6).
  if (body.body == framing::chunked)
    out.line("Transfer-Encoding", "chunked");
  else if (body.body == framing::length)
    out.line("Content-Length", body.length);
  else if (client.method == "POST" || client.method == "PUT" || client.method == "PATCH")
    out.line("Content-Length", "0");
  out.end();
}

void write_client_fields(head_writer& out, const response_head& upstream) {
  std::array<char, 3> status;
  std::to_chars(status.data(), status.data() + status.size(), upstream.status);
  out.raw("HTTP/1.1 ");
  out.raw({status.data(), status.size()});
  out.raw(" ");
  out.raw(upstream.reason);
  out.raw("\r\n");
  copy_fields(out, upstream.all(), not_to_client, upstream.connection_options);
}

} // namespace proxy::http
