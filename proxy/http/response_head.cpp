// Answers of the upstream, read as strictly as requests: what it sends decides where its answer
// ends, and so whether the connection's next answer belongs to its request.
#include <algorithm>

#include "proxy/http/beast_head.hpp"
#include "proxy/http/head.hpp"
#include "proxy/http/octets.hpp"

namespace proxy::http {
namespace {

class response_reader final : public beast_head<false> {
 public:
  response_reader(response_head& out, std::size_t fields_limit, bool to_head_request)
      : out_(out), fields_limit_(fields_limit), to_head_request_(to_head_request) {}

  std::optional<std::string_view> run(std::string_view head) {
    if (!read(head) && !error_)
      error_ = "the head is malformed";
    if (!error_)
      settle_framing();
    if (!error_)
      settle_connection();
    return error_;
  }

 private:
  void on_response_impl(int status, beast_view reason, int version, error_code& ec) override {
    if (status < 100 || status > 599 || version < 10 || version > 11)
      return refuse("the status line is malformed", ec);
    out_.status = status;
    out_.reason = view(reason);
    out_.http_1_1 = version == 11;
  }
  void on_field_impl(boost::beast::http::field, beast_view name, beast_view value,
                     error_code& ec) override {
    if (out_.field_count >= fields_limit_)
      return refuse("the head has too many fields", ec);
    field& f = out_.fields[out_.field_count];
    if (!next_field(f, name, value))
      return refuse("a line begins with a space or tab", ec);
    if (f.id != field_id::other)
      if (const auto error = note(f))
        return refuse(*error, ec);
    ++out_.field_count;
  }
  void refuse(std::string_view why, error_code& ec) {
    error_ = why;
    ec = boost::beast::http::error::bad_field;
  }

  std::optional<std::string_view> note(const field& f);
  void note_type(std::string_view value);
  void settle_framing();
  void settle_connection();

  response_head& out_;
  std::size_t fields_limit_;
  bool to_head_request_;
  std::uint64_t seen_ = 0; // a bit for each field_id
  bool has_length_ = false;
  bool is_chunked_ = false;
  std::optional<std::string_view> error_;
};

std::optional<std::string_view> response_reader::note(const field& f) {
  const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(f.id);
  if ((seen_ & bit) != 0 && has(f.id, once_in_answer))
    return "a field that may be sent once only was sent twice";
  seen_ |= bit;
  switch (f.id) {
  case field_id::content_length: {
    const auto length = read_length(f.value);
    if (!length)
      return "Content-Length is no number";
    out_.content_length = *length;
    has_length_ = true;
    break;
  }
  case field_id::transfer_encoding:
    if (!out_.http_1_1 || !equal_ignoring_case(f.value, "chunked"))
      return "Transfer-Encoding is other than chunked";
    is_chunked_ = true;
    break;
  case field_id::content_type:
    note_type(f.value);
    break;
  case field_id::content_encoding:
    out_.content_encoded = out_.content_encoded || !equal_ignoring_case(f.value, "identity");
    break;
  case field_id::retry_after:
    out_.retry_after = f.value;
    break;
  case field_id::connection:
    out_.connection_options = f.value;
    break;
  default:
    break;
  }
  return std::nullopt;
}

void response_reader::note_type(std::string_view value) {
  out_.content_type = value;
  const std::string_view type = trimmed(value.substr(0, value.find(';')));
  out_.event_stream = equal_ignoring_case(type, "text/event-stream");
  out_.json = equal_ignoring_case(type, "application/json");
}

void response_reader::settle_framing() {
  const bool has_no_body = out_.status < 200 || out_.status == 204;
  const auto length = content_length();
  const bool same_length = has_length_ ? length && *length == out_.content_length : !length;
  if (has_length_ && is_chunked_)
    error_ = "Content-Length and Transfer-Encoding exclude each other";
  else if (chunked() != is_chunked_ || !same_length)
    error_ = "the framing of the body is ambiguous";
  else if (has_no_body && (is_chunked_ || out_.content_length > 0))
    error_ = "a body is announced where none may be";
  else if (has_no_body || out_.status == 304 || to_head_request_)
    out_.body = framing::none;
  else if (is_chunked_)
    out_.body = framing::chunked;
  else
    out_.body = has_length_ ? framing::length : framing::until_close;
}

void response_reader::settle_connection() {
  bool close = false;
  const bool tokens = for_each_element(out_.connection_options, [&](std::string_view option) {
    close = close || equal_ignoring_case(option, "close");
    return all_are(token_octet, option);
  });
  if (!tokens)
    error_ = "the Connection field is malformed";
  out_.keep_alive = out_.http_1_1 && !close && out_.body != framing::until_close;
}

} // namespace

std::optional<std::string_view> parse_response_head(response_head& out, std::string_view head,
                                                    bool to_head_request,
                                                    const head_limits& limits) {
  static_cast<response_facts&>(out) = {};
  out.field_count = 0;
  if (head.size() > limits.bytes_max)
    return "the head is too large";
  if (head.empty())
    return "there is no head";
  return response_reader{out, std::min(limits.fields_max, fields_max), to_head_request}.run(head);
}

} // namespace proxy::http
