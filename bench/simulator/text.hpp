// How many tokens a prompt is, and the words an answer is made of: one token is one word. Knows
// JSON values; knows no request format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "bench/simulator/behaviour.hpp"

namespace simulator {

// What of a request reaches the model.
struct prompt_size {
  std::int64_t bytes = 0; // UTF-8 bytes of decoded strings, and of tool schemas
  std::int64_t template_tokens = 0;
  std::int64_t remote_parts = 0; // images and files given by URL or id

  void add_strings(const boost::json::value& value); // every string below, without member names
  void add_schema(const boost::json::value& value);  // compact JSON of it
  std::int64_t tokens(const behaviour& how) const;
};

// The words of one part of an answer: given text, or filler made on the fly.
class token_text {
 public:
  token_text() = default;
  static token_text of(std::string text);
  static token_text filler(std::int64_t tokens);

  std::int64_t tokens() const { return tokens_; }
  void cut(std::int64_t tokens);
  // Valid while *this lives. At most `piece_tokens_max` tokens at once.
  std::string_view piece(std::int64_t first, std::int64_t count) const;
  void append_to(std::string& out) const;

  static constexpr std::int64_t piece_tokens_max = 4096;

 private:
  std::string text_;
  std::vector<std::uint32_t> ends_; // of each token in text_; empty: filler
  std::int64_t tokens_ = 0;
};

// The start of `text`, whole UTF-8 characters only.
std::string_view shortened(std::string_view text, std::size_t bytes_max);

// JSON string with quotes.
std::string quoted(std::string_view text);
void append_quoted(std::string& out, std::string_view text);

} // namespace simulator
