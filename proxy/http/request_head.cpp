// Requests. read_request_line judges the first line, field_lines cuts the others, and the reader
// below judges what they say about framing, authority and identity.
#include <algorithm>
#include <optional>

#include "proxy/http/field_lines.hpp"
#include "proxy/http/request_line.hpp"

namespace proxy::http {
namespace {

using policies::admission::refusal_code;

constexpr head_error too_many() {
  return {refusal_code::header_too_large, "The head has too many fields."};
}

class request_reader {
 public:
  request_reader(request_head& out, std::size_t fields_limit)
      : out_(out), fields_limit_(fields_limit) {}

  // `lines`: those behind the request line.
  std::optional<head_error> run(field_lines lines) {
    read_fields(lines);
    if (!error_)
      settle_framing();
    if (!error_)
      settle_connection();
    if (!error_ && !is_host(out_.host))
      error_ = malformed("The Host field is missing or malformed.");
    if (!error_)
      error_ = settle_target(out_);
    return error_;
  }

 private:
  void read_fields(field_lines lines) {
    while (!error_) {
      field& one = out_.fields[out_.field_count];
      const cut got = lines.next(one);
      if (got == cut::end)
        return;
      if (got == cut::malformed)
        error_ = malformed("The head is malformed.");
      else if (out_.field_count >= fields_limit_)
        error_ = too_many();
      else if (one.id != field_id::other)
        error_ = note(one);
      else if (is_underscore_twin(one.name))
        error_ = malformed("A field's name has underscores in place of dashes.");
      if (!error_)
        ++out_.field_count;
    }
  }

  std::optional<head_error> note(const field& f);
  std::optional<head_error> note_framing(const field& f);
  void settle_framing();
  void settle_connection();

  request_head& out_;
  std::size_t fields_limit_;
  std::uint64_t seen_ = 0; // a bit for each field_id
  bool has_length_ = false;
  bool is_chunked_ = false;
  std::string_view upgrade_;
  std::optional<head_error> error_;
};

std::optional<head_error> request_reader::note(const field& f) {
  const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(f.id);
  if ((seen_ & bit) != 0 && has(f.id, once_in_request))
    return malformed("A field that may be sent once only was sent twice.");
  seen_ |= bit;
  switch (f.id) {
  case field_id::content_length:
  case field_id::transfer_encoding:
    return note_framing(f);
  case field_id::expect:
    if (!equal_ignoring_case(f.value, "100-continue"))
      return head_error{refusal_code::expectation_failed, "Only 100-continue can be expected."};
    out_.expect_continue = out_.http_1_1;
    break;
  case field_id::host:
    out_.host = f.value;
    break;
  case field_id::authorization:
    out_.authorization = f.value;
    break;
  case field_id::x_api_key:
    out_.x_api_key = f.value;
    break;
  case field_id::referer:
    out_.referer = f.value;
    break;
  case field_id::origin:
    out_.origin = f.value;
    break;
  case field_id::content_type:
    out_.content_type = f.value;
    break;
  case field_id::content_encoding:
    out_.content_encoded = !equal_ignoring_case(f.value, "identity");
    break;
  case field_id::idempotency_key:
    out_.idempotency_key = f.value;
    break;
  case field_id::user_agent:
    out_.user_agent = f.value;
    break;
  case field_id::connection:
    out_.connection_options = f.value;
    break;
  case field_id::upgrade:
    upgrade_ = f.value;
    break;
  default:
    break;
  }
  return std::nullopt;
}

std::optional<head_error> request_reader::note_framing(const field& f) {
  if (f.id == field_id::transfer_encoding) {
    if (!out_.http_1_1)
      return malformed("HTTP/1.0 has no Transfer-Encoding.");
    if (!equal_ignoring_case(f.value, "chunked"))
      return malformed("Transfer-Encoding may be nothing but chunked.");
    is_chunked_ = true;
    return std::nullopt;
  }
  const auto length = read_length(f.value);
  if (!length)
    return malformed("Content-Length is no number.");
  out_.content_length = *length;
  has_length_ = true;
  return std::nullopt;
}

void request_reader::settle_framing() {
  if (has_length_ && is_chunked_) {
    error_ = malformed("Content-Length and Transfer-Encoding exclude each other.");
    return;
  }
  if (is_chunked_)
    out_.body = framing::chunked;
  else if (has_length_)
    out_.body = framing::length;
}

void request_reader::settle_connection() {
  bool close = false;
  bool persist = false;
  bool upgrades = false;
  const bool tokens = for_each_element(out_.connection_options, [&](std::string_view option) {
    close = close || equal_ignoring_case(option, "close");
    persist = persist || equal_ignoring_case(option, "keep-alive");
    upgrades = upgrades || equal_ignoring_case(option, "upgrade");
    return all_are(token_octet, option);
  });
  if (!tokens)
    error_ = malformed("The Connection field is malformed.");
  out_.keep_alive = !close && (out_.http_1_1 || persist);
  if (!upgrades || !out_.http_1_1)
    return;
  for_each_element(upgrade_, [&](std::string_view protocol) {
    out_.upgrade_websocket = out_.upgrade_websocket || equal_ignoring_case(protocol, "websocket");
    return true;
  });
}

} // namespace

std::optional<head_error> parse_request_head(request_head& out, std::string_view head,
                                             const head_limits& limits) {
  constexpr std::string_view line_end = "\r\n";
  static_cast<request_facts&>(out) = {};
  out.field_count = 0;
  if (head.size() > limits.bytes_max)
    return head_error{refusal_code::header_too_large, "The head is too large."};
  if (head.starts_with(line_end))
    head.remove_prefix(line_end.size());
  if (head.empty())
    return malformed("There is no head.");
  const std::size_t line = std::min(head.find(line_end), head.size());
  if (const auto error = read_request_line(out, head.substr(0, line)))
    return error;
  const field_lines lines{head.substr(std::min(line + line_end.size(), head.size()))};
  return request_reader{out, std::min(limits.fields_max, fields_max)}.run(lines);
}

} // namespace proxy::http
