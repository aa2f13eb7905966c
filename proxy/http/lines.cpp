// Jumps from control octet to control octet, sixteen at a time: a head has few of them, and
// all but the line ends and tabs are faults.
#include "proxy/http/lines.hpp"

#include <array>
#include <cstring>

namespace proxy::http {
namespace {

constexpr bool is_control(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet < 0x20 || octet == 0x7f;
}

std::size_t next_control(std::string_view text, std::size_t at) {
  using block = unsigned char __attribute__((vector_size(16)));
  for (; at + sizeof(block) <= text.size(); at += sizeof(block)) {
    block octets;
    std::memcpy(&octets, text.data() + at, sizeof octets);
    const auto controls = (octets < 0x20) | (octets == 0x7f);
    std::array<std::uint64_t, 2> half;
    std::memcpy(&half, &controls, sizeof half);
    if ((half[0] | half[1]) != 0)
      break;
  }
  while (at < text.size() && !is_control(text[at]))
    ++at;
  return at;
}

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
    at = next_control(text, at);
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
