// Decodes a chunked body strictly and in place: payload is moved together, so that one contiguous
// piece can be passed on under framing of our own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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
  // is untouched at [consumed, size).
  result decode(std::span<char> bytes);
  std::uint64_t body_bytes() const; // payload so far

 private:
  // the implementer's
};

// "5\r\n" for a payload of 5: the framing we write. Returns the characters used of `out` (<= 18).
std::size_t write_chunk_head(std::span<char, 18> out, std::size_t payload);
inline constexpr std::string_view chunk_end = "\r\n";
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

} // namespace proxy::http
