// Cuts the field lines of a head into names and values: token, colon, value between optional
// blanks, CRLF; whatever is spelt otherwise ends the reading. Beast's parser did this before, with
// a quarter of a request's instructions; the tests hold this reader against it.
#pragma once

#include <optional>
#include <string_view>

#include "proxy/http/head.hpp"
#include "proxy/http/lines.hpp"
#include "proxy/http/octets.hpp"

namespace proxy::http {

enum class cut : std::uint8_t { field, end, malformed };

class field_lines {
 public:
  // `text`: the lines behind the first one, up to and including the empty one.
  explicit field_lines(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  // The next line's field into `out`; `end` behind the empty line, if nothing follows it.
  cut next(field& out) {
    if (at_ == end_)
      return cut::malformed;
    if (*at_ == '\r')
      return end_ - at_ == 2 && at_[1] == '\n' ? cut::end : cut::malformed;
    const char* const name = at_;
    const char* const colon = next_colon(name, end_);
    if (colon == name || colon == end_)
      return cut::malformed;
    out.name = {name, colon};
    // A known name is a token; of others every octet has to be looked at.
    out.id = look_up(out.name);
    if (out.id == field_id::other && !all_are(token_octet, out.name))
      return cut::malformed;
    return value(out, colon + 1);
  }

 private:
  static constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

  cut value(field& out, const char* const after_colon) {
    const char* stop = after_colon; // at the first control octet that is no tab
    do
      stop = next_control(stop, end_);
    while (stop != end_ && *stop == '\t' && ++stop);
    if (end_ - stop < 2 || stop[0] != '\r' || stop[1] != '\n')
      return cut::malformed;
    const char* begin = after_colon;
    const char* last = stop;
    while (begin != last && is_blank(*begin))
      ++begin;
    while (last != begin && is_blank(last[-1]))
      --last;
    out.value = {begin, last};
    out.verbatim = last == stop && begin == after_colon + 1 && *after_colon == ' ';
    at_ = stop + 2;
    return cut::field;
  }

  const char* at_;
  const char* end_;
};

} // namespace proxy::http
