// Answers of the upstream, read as strictly as requests: what it sends decides where its answer
// ends, and so whether the connection's next answer belongs to its request.
#include <algorithm>

#include "proxy/http/field_lines.hpp"

namespace proxy::http {
namespace {

constexpr std::string_view answer_too_many = "the head has too many fields";

class response_reader {
 public:
  response_reader(response_head& out, std::size_t fields_limit, bool to_head_request)
      : out_(out), fields_limit_(fields_limit), to_head_request_(to_head_request) {}

  std::optional<std::string_view> run(std::string_view head) {
    const std::size_t line = head.find('\n') + 1;
    if (line == 0 || !read_status_line(head.substr(0, line)))
      return "the status line is malformed";
    read_fields(field_lines{head.substr(line)});
    if (!error_)
      settle_framing();
    if (!error_)
      settle_connection();
    return error_;
  }

 private:
  bool read_status_line(std::string_view line);

  void read_fields(field_lines lines) {
    while (!error_) {
      field& one = out_.fields[out_.field_count];
      const cut got = lines.next(one);
      if (got == cut::end)
        return;
      if (got == cut::malformed)
        error_ = "the head is malformed";
      else if (out_.field_count >= fields_limit_)
        error_ = answer_too_many;
      else if (one.id != field_id::other)
        error_ = note(one);
      if (!error_)
        ++out_.field_count;
    }
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

// "HTTP/1.1 200 Reason", CRLF; the reason may be empty, the blank before it may not be left out.
bool response_reader::read_status_line(std::string_view line) {
  constexpr std::size_t reason_at = 13;
  if (line.size() < reason_at + 2 || line[line.size() - 2] != '\r')
    return false;
  out_.http_1_1 = line.starts_with("HTTP/1.1 ");
  const std::string_view status = line.substr(9, 3);
  if ((!out_.http_1_1 && !line.starts_with("HTTP/1.0 ")) || line[12] != ' ' ||
      !all_are(digit_octet, status))
    return false;
  out_.reason = line.substr(reason_at, line.size() - reason_at - 2);
  out_.status = (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
  return out_.status >= 100 && out_.status <= 599 && all_are(value_octet, out_.reason);
}

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
  if (has_length_ && is_chunked_)
    error_ = "Content-Length and Transfer-Encoding exclude each other";
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
