// One HTTP answer on the wire: head, framing, and every fault that is a matter of bytes. Knows
// HTTP/1.1 and faults; knows nothing of JSON, tokens or the bill.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/simulator/faults.hpp"
#include "bench/simulator/wire.hpp"

namespace simulator {

struct answer_terms {
  bool keep_alive = true;
  bool http_1_0 = false; // no chunks: the close ends a stream
  bool head_only = false;
  std::string trace_id{}; // x-ds-trace-id
};

// Every function returns false once the connection is of no more use.
class answer {
 public:
  answer(wire& peer, const fault_list& faults, answer_terms terms);

  // A complete answer with its length.
  asio::awaitable<bool> plain(int status, std::string_view type, std::string_view body);

  // A stream: begin, pieces, end. Pieces are gathered until flush() or 4 KiB.
  asio::awaitable<bool> begin(int status, std::string_view type);
  asio::awaitable<bool> piece(std::string_view data);
  asio::awaitable<bool> flush();
  asio::awaitable<bool> end();

  // Bytes as they are, without head or framing.
  asio::awaitable<bool> raw(std::string_view bytes);
  // Nothing more for up to ten minutes, as the real one closes when inference has not begun.
  asio::awaitable<bool> stall();
  bool reset();

  bool begun() const { return begun_; }
  bool keep_alive() const { return alive_ && terms_.keep_alive; }
  int status() const { return status_; }
  std::int64_t bytes() const { return sent_; }

 private:
  std::string head(int status, std::string_view type, std::string_view framing) const;
  asio::awaitable<bool> emit(std::string_view bytes);
  asio::awaitable<bool> emit_with_faults(std::string_view bytes);

  wire& peer_;
  const fault_list& faults_;
  answer_terms terms_;
  std::string gathered_;
  std::int64_t sent_ = 0;
  int status_ = 0;
  bool chunked_ = false;
  bool begun_ = false;
  bool alive_ = true;
};

std::string_view reason_of(int status);

} // namespace simulator
