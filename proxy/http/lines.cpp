// Jumps from control octet to control octet.
#include "proxy/http/lines.hpp"

namespace proxy::http {
namespace {

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

} // namespace

std::string_view describe(line_fault fault) {
  switch (fault) {
  case line_fault::bare_line_feed:
    return "A line ends with a bare line feed.";
  case line_fault::bare_carriage_return:
    return "A carriage return stands alone.";
  case line_fault::control_octet:
    return "The head holds a control character.";
  case line_fault::folded:
    return "A line begins with a space or tab.";
  case line_fault::none:
    break;
  }
  return {};
}

line_scan scan_lines(std::string_view text, std::size_t from) {
  line_scan s;
  // Behind a line end a line begins; elsewhere `from` stands inside a line that began before.
  s.line_at = from == 0 || text[from - 1] == '\n' ? from : from - 1;
  if (from == 0 && !text.empty() && is_blank(text.front()))
    return s.fault = line_fault::folded, s;
  for (std::size_t at = from;;) {
    at = static_cast<std::size_t>(next_control(text.data() + at, text.data() + text.size()) -
                                  text.data());
    s.resume = at;
    if (at == text.size())
      return s;
    if (text[at] == '\t') {
      ++at;
      continue;
    }
    if (text[at] != '\r') {
      s.fault = text[at] == '\n' ? line_fault::bare_line_feed : line_fault::control_octet;
      return s;
    }
    // Looks two bytes past the carriage return: the line feed and how the next line begins.
    if (at + 1 == text.size())
      return s;
    if (text[at + 1] != '\n')
      return s.fault = line_fault::bare_carriage_return, s;
    if (at == s.line_at)
      return s.end = at + 2, s;
    if (at + 2 == text.size())
      return s;
    if (is_blank(text[at + 2]))
      return s.fault = line_fault::folded, s;
    at += 2;
    s.line_at = at;
  }
}

} // namespace proxy::http
