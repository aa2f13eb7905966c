// Requests. read_request_line judges the first line, Beast cuts the fields, and the reader below
// judges what they say about framing, authority and identity. All of them must agree, or the
// request is refused.
#include <algorithm>
#include <optional>

#include "proxy/http/beast_head.hpp"
#include "proxy/http/head.hpp"
#include "proxy/http/octets.hpp"
#include "proxy/http/request_line.hpp"

namespace proxy::http {
namespace {

using policies::admission::refusal_code;

constexpr head_error malformed(std::string_view what) {
  return {refusal_code::invalid_request, what};
}

class request_reader final : public beast_head<true> {
 public:
  request_reader(request_head& out, std::size_t fields_limit)
      : out_(out), fields_limit_(fields_limit) {}

  std::optional<head_error> run(std::string_view head) {
    if (!read(head) && !error_)
      error_ = malformed("The head is malformed.");
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
  void on_request_impl(boost::beast::http::verb, beast_view method, beast_view target, int version,
                       error_code& ec) override {
    if (view(method) != out_.method || view(target) != out_.target ||
        version != (out_.http_1_1 ? 11 : 10))
      refuse(malformed("The request line is malformed."), ec);
  }
  void on_field_impl(boost::beast::http::field, beast_view name, beast_view value,
                     error_code& ec) override {
    if (out_.field_count >= fields_limit_)
      return refuse({refusal_code::header_too_large, "The head has too many fields."}, ec);
    field& f = out_.fields[out_.field_count];
    if (!next_field(f, name, value))
      return refuse(malformed("A line begins with a space or tab."), ec);
    if (f.id == field_id::other) {
      if (is_underscore_twin(f.name))
        return refuse(malformed("A field's name has underscores in place of dashes."), ec);
    } else if (const auto error = note(f)) {
      return refuse(*error, ec);
    }
    ++out_.field_count;
  }
  void refuse(const head_error& why, error_code& ec) {
    error_ = why;
    ec = boost::beast::http::error::bad_field;
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
  const auto length = content_length();
  const bool same_length = has_length_ ? length && *length == out_.content_length : !length;
  if (chunked() != is_chunked_ || !same_length)
    error_ = malformed("The framing of the body is ambiguous.");
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
  if (const auto error = read_request_line(out, head.substr(0, head.find('\r'))))
    return error;
  return request_reader{out, std::min(limits.fields_max, fields_max)}.run(head);
}

} // namespace proxy::http
