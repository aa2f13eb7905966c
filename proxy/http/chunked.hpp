// Decodes a chunked body strictly and in place: payload is moved together, so that one contiguous
// piece can be passed on under framing of our own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace proxy::http {

class chunk_decoder {
 public:
  struct bounds {
    std::uint64_t body_bytes_max = UINT64_MAX;
    std::size_t line_bytes_max = 4096;     // chunk size and extensions
    std::size_t trailer_bytes_max = 16384; // dropped, never passed on
  };
  enum class state : std::uint8_t { more, done, bad, too_large };
  struct result {
    std::size_t payload = 0;  // bytes now at the front of `bytes`
    std::size_t consumed = 0; // of the input; less than its size only when done
    state now = state::more;
  };

  chunk_decoder() = default;
  explicit chunk_decoder(bounds limits);

  // Consumes `bytes`, leaving the payload at its front. Once done, the rest (a pipelined request)
  // is untouched at [consumed, size). What stands in front of a fault is still payload.
  result decode(std::span<char> bytes);
  std::uint64_t body_bytes() const { return body_bytes_; } // payload so far

 private:
  enum class place : std::uint8_t {
    size,
    extension_name,   // behind ';' or within a name
    extension_value,  // behind '=' or within a token
    extension_quoted, // within a quoted string
    extension_escape, // behind a backslash in it
    extension_end,    // behind a quoted string
    size_line_feed,
    data,
    data_return,
    data_line_feed,
    trailer_start, // of a line, perhaps the empty one
    trailer_name,
    trailer_value,
    trailer_line_feed,
    last_line_feed,
    done,
    bad,
    too_large,
  };
  static constexpr std::size_t size_digits_max = 16;
  static constexpr std::size_t trailers_max = 100;

  place step(char c);
  place in_size(char c);
  place in_extension(char c);
  place after_extension(char c);
  place begin_data();
  place in_trailer(char c);
  place end_trailer_name();

  bounds limits_;
  std::uint64_t body_bytes_ = 0;
  std::uint64_t left_ = 0;      // of this chunk's size or data
  std::size_t line_bytes_ = 0;  // of this size line, or of all trailers
  std::uint8_t digits_ = 0;     // of this size
  std::uint8_t item_bytes_ = 0; // of this extension's name or value: 0 or not
  std::uint8_t trailers_ = 0;
  std::uint8_t name_bytes_ = 0;
  place at_ = place::size;
  std::array<char, 32> name_; // of this trailer, as far as it fits: known names do
};

// "5\r\n" for a payload of 5: the framing we write. Returns the characters used of `out` (<= 18).
std::size_t write_chunk_head(std::span<char, 18> out, std::size_t payload);
inline constexpr std::string_view chunk_end = "\r\n";
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

} // namespace proxy::http
