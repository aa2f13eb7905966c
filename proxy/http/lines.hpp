// The lines of a head: CRLF and nothing else ends them, no line goes on in the next, no control
// stands in them. It knows nothing of what the lines say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace proxy::http {

enum class line_fault : std::uint8_t {
  none,
  bare_line_feed,
  bare_carriage_return,
  control_octet,
  folded, // a line that begins with a space or tab: obs-fold, or a first line with leading space
};
std::string_view describe(line_fault fault); // static text

struct line_scan {
  std::size_t end = 0;     // behind the empty line; 0: not there yet
  std::size_t resume = 0;  // where to go on once there is more
  std::size_t line_at = 0; // where the line begins in which it stopped
  line_fault fault = line_fault::none;
};

// Reads `text` from `from`, where a line begins or 0 < from stands behind bytes already found good.
line_scan scan_lines(std::string_view text, std::size_t from);

} // namespace proxy::http
