// Where an HTTP/1.1 answer ends, told piece by piece as it arrives. Keeps its head's figures and
// counts its bytes; knows no socket and does not keep the body.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace load {

class answer {
 public:
  enum class state : std::uint8_t { head, body, complete, malformed };

  // Takes what arrived. After `complete`, further bytes are malformed: nothing was asked for them.
  state take(std::string_view bytes);
  // The connection's end completes an answer that has neither length nor chunks.
  state end();

  int status() const { return status_; }
  std::int64_t bytes() const { return bytes_; }
  bool keeps_alive() const { return keeps_alive_; }

 private:
  enum class framing : std::uint8_t { length, chunked, until_close };
  enum class chunk : std::uint8_t { size, data, data_end, trailer };

  void read_head(std::string_view head);
  std::string_view take_head(std::string_view bytes);
  std::string_view take_counted(std::string_view bytes);
  std::string_view take_chunked(std::string_view bytes);
  void take_line(std::string_view line);

  std::string pending_; // of the head, or of a line between chunks
  state state_ = state::head;
  framing framing_ = framing::until_close;
  chunk chunk_ = chunk::size;
  std::int64_t left_ = 0;
  std::int64_t bytes_ = 0;
  int status_ = 0;
  bool keeps_alive_ = true;
};

} // namespace load
