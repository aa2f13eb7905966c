// A machine that takes framing octet by octet and payload in bulk, so that any cut of the input
// gives the same result.
#include "proxy/http/chunked.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "proxy/http/field_name.hpp"
#include "proxy/http/octets.hpp"

namespace proxy::http {
namespace {

// What a quoted string may hold unescaped, or behind a backslash.
constexpr bool is_quotable(char c) {
  return is(value_octet, c);
}

} // namespace

chunk_decoder::chunk_decoder(bounds limits) : limits_(limits) {}

chunk_decoder::result chunk_decoder::decode(std::span<char> bytes) {
  char* const first = bytes.data();
  const std::size_t size = bytes.size();
  std::size_t kept = 0;
  std::size_t at = 0;
  while (at < size && at_ < place::done) {
    if (at_ != place::data) {
      at_ = step(first[at++]);
      continue;
    }
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size - at));
    if (kept != at)
      std::memmove(first + kept, first + at, part);
    kept += part;
    at += part;
    body_bytes_ += part;
    left_ -= part;
    if (left_ == 0)
      at_ = place::data_return;
  }
  result r{kept, at, state::more};
  if (at_ == place::done)
    r.now = state::done;
  else if (at_ == place::bad)
    r.now = state::bad;
  else if (at_ == place::too_large)
    r.now = state::too_large;
  return r;
}

chunk_decoder::place chunk_decoder::step(char c) {
  switch (at_) {
  case place::size:
    return in_size(c);
  case place::extension_name:
  case place::extension_value:
  case place::extension_quoted:
  case place::extension_escape:
  case place::extension_end:
    return ++line_bytes_ > limits_.line_bytes_max ? place::bad : in_extension(c);
  case place::size_line_feed:
    return c == '\n' ? begin_data() : place::bad;
  case place::data_return:
    return c == '\r' ? place::data_line_feed : place::bad;
  case place::data_line_feed:
    line_bytes_ = digits_ = 0;
    return c == '\n' ? place::size : place::bad;
  case place::trailer_start:
  case place::trailer_name:
  case place::trailer_value:
    return ++line_bytes_ > limits_.trailer_bytes_max ? place::bad : in_trailer(c);
  case place::trailer_line_feed:
    return c == '\n' ? place::trailer_start : place::bad;
  case place::last_line_feed:
    return c == '\n' ? place::done : place::bad;
  default:
    return at_;
  }
}

chunk_decoder::place chunk_decoder::in_size(char c) {
  if (is(hex_octet, c)) {
    left_ = left_ << 4 | hex_value(c);
    return ++digits_ > size_digits_max ? place::bad : place::size;
  }
  if (digits_ == 0)
    return place::bad;
  line_bytes_ = digits_;
  return after_extension(c);
}

// Behind the size or a whole extension: another one, or the line's end.
chunk_decoder::place chunk_decoder::after_extension(char c) {
  if (c == '\r')
    return place::size_line_feed;
  item_bytes_ = 0;
  return c == ';' ? place::extension_name : place::bad;
}

chunk_decoder::place chunk_decoder::in_extension(char c) {
  switch (at_) {
  case place::extension_name:
  case place::extension_value:
    if (is(token_octet, c)) {
      item_bytes_ = 1;
      return at_;
    }
    if (at_ == place::extension_value && c == '"' && item_bytes_ == 0)
      return place::extension_quoted;
    if (item_bytes_ == 0)
      return place::bad;
    if (at_ == place::extension_name && c == '=') {
      item_bytes_ = 0;
      return place::extension_value;
    }
    return after_extension(c);
  case place::extension_quoted:
    if (c == '"')
      return place::extension_end;
    if (c == '\\')
      return place::extension_escape;
    return is_quotable(c) ? place::extension_quoted : place::bad;
  case place::extension_escape:
    return is_quotable(c) ? place::extension_quoted : place::bad;
  default:
    return after_extension(c);
  }
}

chunk_decoder::place chunk_decoder::begin_data() {
  if (left_ == 0) {
    line_bytes_ = 0;
    return place::trailer_start;
  }
  return left_ > limits_.body_bytes_max - body_bytes_ ? place::too_large : place::data;
}

chunk_decoder::place chunk_decoder::in_trailer(char c) {
  if (at_ == place::trailer_value) {
    if (c == '\r')
      return place::trailer_line_feed;
    return is(value_octet, c) ? place::trailer_value : place::bad;
  }
  if (at_ == place::trailer_start) {
    if (c == '\r')
      return place::last_line_feed;
    name_bytes_ = 0;
  }
  if (is(token_octet, c)) {
    if (name_bytes_ < name_.size())
      name_[name_bytes_] = c;
    name_bytes_ = static_cast<std::uint8_t>(std::min<std::size_t>(name_bytes_ + 1u, 255));
    return place::trailer_name;
  }
  return c == ':' && name_bytes_ > 0 ? end_trailer_name() : place::bad;
}

// Trailers are dropped; one that could change how the message is read condemns it nevertheless.
chunk_decoder::place chunk_decoder::end_trailer_name() {
  if (++trailers_ > trailers_max)
    return place::bad;
  const std::string_view name{name_.data(), std::min<std::size_t>(name_bytes_, name_.size())};
  const bool forbidden = has(look_up(name), forbidden_in_trailer) || is_underscore_twin(name);
  return forbidden ? place::bad : place::trailer_value;
}

std::size_t write_chunk_head(std::span<char, 18> out, std::size_t payload) {
  const auto [end, error] = std::to_chars(out.data(), out.data() + size_t{16}, payload, 16);
  std::memcpy(end, "\r\n", 2);
  return static_cast<std::size_t>(end - out.data()) + 2;
}

} // namespace proxy::http
