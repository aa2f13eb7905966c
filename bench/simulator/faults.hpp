// Which misbehaviour a request asked for, by header or by lot. Knows the names and figures; the
// bytes of each fault are written where answers are written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/simulator/clock.hpp"

namespace simulator {

enum class fault_kind : std::uint8_t {
  delay,            // delay:MS                 wait before anything is answered
  stall,            // stall                    accept, never answer
  stall_after,      // stall_after:BYTES        of the answer, head included
  reset,            // reset                    RST instead of an answer
  reset_after,      // reset_after:BYTES
  short_body,       // short_body               half a plain body, a stream without its end
  missing_usage,    // missing_usage            2xx, complete, no usage in it
  status,           // status:503               an error in upstream's shape
  drip,             // drip:BYTES/MS            so many bytes at a time
  garbage,          // garbage                  bytes that are not HTTP
  garbage_json,     // garbage_json             200, JSON cut and mangled
  no_done,          // no_done                  a stream without its last event
  chunk_lie,        // chunk_lie                chunk sizes that are not the chunks'
  close_delimited,  // close_delimited          neither length nor chunks: the close ends it
  plain_text_error, // plain_text_error:422     an error as text/plain
  huge_event,       // huge_event:BYTES         one event of that size before the last one
  failed,           // failed                   inference gives up: aborted, response.failed
};

struct fault {
  fault_kind kind{};
  std::int64_t amount = 0;
  std::int64_t every_ms = 0; // of drip
};

class fault_list {
 public:
  // "reset_after:100; missing_usage"; nullopt if a name or figure is unknown.
  static std::optional<fault_list> parse(std::string_view text);

  const fault* find(fault_kind kind) const;
  bool has(fault_kind kind) const { return find(kind) != nullptr; }
  bool empty() const { return faults_.empty(); }
  const std::string& text() const { return text_; }

 private:
  std::vector<fault> faults_;
  std::string text_;
};

// One line of the mix: so likely, these faults.
struct fault_share {
  double probability = 0;
  fault_list faults;
};

// At most one line of the mix is drawn.
fault_list draw(const std::vector<fault_share>& mix, dice& chance);

} // namespace simulator
