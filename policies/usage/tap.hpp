// Listens to an answer as it passes and learns what it cost: plain JSON or SSE, any of the formats,
// in bounded memory. What a cheap filter finds is parsed structurally at its depth: "usage" planted
// in text, tool arguments or echoed metadata is not usage.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policies/pricing/price_table.hpp"
#include "policies/usage/answer_scan.hpp"
#include "policies/usage/inspect.hpp"

namespace policies::usage {

// All facts come from whole JSON documents: one that is cut or malformed says nothing.
struct answer_facts {
  std::optional<pricing::token_usage> usage; // the last one that was complete
  std::string model;     // as the answer first names it; empty: not seen; <= 64 bytes
  bool finished = false; // SSE: [DONE], response.completed/.incomplete/.failed, message_stop seen;
                         // plain: the document is whole
  bool is_error = false; // the body (or an SSE event) is an error object
};

// Keeps none of the answer's text: every byte is looked at once, whatever the pieces it comes in.
class tap {
 public:
  enum class kind : std::uint8_t { plain, sse };
  // Events that come in one piece and are no longer than this may be skipped after a quick look.
  struct bounds {
    std::size_t event_max = 256 * 1024;
  };

  tap() = default;
  void start(body_format format, kind what, bounds limits); // reuses memory of the last request
  void feed(std::string_view bytes); // payload after transfer decoding, any cut
  void finish();                     // end of body
  const answer_facts& facts() const { return facts_; }

 private:
  enum class line : std::uint8_t { start, name, data_begin, data, event_begin, event, ignored };

  const char* whole_event(const char* at, const char* end);
  const char* in_line(const char* at, const char* end);
  const char* in_name(const char* at, const char* end);
  const char* in_data(const char* at, const char* end);
  const char* in_event(const char* at, const char* end);
  void begin_line(char first);
  void take_data(std::string_view piece);
  void end_event();
  void believe();
  void believe_message(event_kind said);
  void keep(bool told, const usage_figures& figures);

  body_format format_ = body_format::opaque;
  kind kind_ = kind::plain;
  bounds limits_;
  answer_facts facts_;
  answer_scan scan_;

  line line_ = line::start;
  std::array<char, 32> kept_{}; // a field's name, or the event's
  std::size_t kept_length_ = 0;
  std::array<char, 8> data_{}; // the data's first bytes
  std::size_t data_length_ = 0;
  std::size_t data_lines_ = 0;
  event_kind event_ = event_kind::other; // as the `event:` line says
  usage_figures begun_;                  // Anthropic's message_start: the input side
};

} // namespace policies::usage
