// Writes heads by hand, so that it can also write them wrong.
#include "bench/simulator/answer.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace simulator {
namespace {

constexpr std::size_t gather_bytes_max = 4096;
constexpr auto stall_max = std::chrono::minutes(10);
constexpr std::size_t chunk_lie_bytes = 7;

} // namespace

std::string_view reason_of(int status) {
  switch (status) {
  case 200:
    return "OK";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 402:
    return "Payment Required";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 413:
    return "Content Too Large";
  case 422:
    return "Unprocessable Entity";
  case 429:
    return "Too Many Requests";
  case 500:
    return "Internal Server Error";
  case 503:
    return "Service Unavailable";
  default:
    return "Other";
  }
}

answer::answer(wire& peer, const fault_list& faults, answer_terms terms)
    : peer_(peer), faults_(faults), terms_(std::move(terms)) {}

std::string answer::head(int status, std::string_view type, std::string_view framing) const {
  return fmt::format("HTTP/1.1 {} {}\r\ncontent-type: {}\r\n{}x-ds-trace-id: {}\r\n"
                     "vary: origin\r\n{}\r\n",
                     status, reason_of(status), type, framing, terms_.trace_id,
                     terms_.keep_alive ? "connection: keep-alive\r\n" : "connection: close\r\n");
}

asio::awaitable<bool> answer::plain(int status, std::string_view type, std::string_view body) {
  if (faults_.has(fault_kind::chunk_lie) || faults_.has(fault_kind::close_delimited)) {
    if (!co_await begin(status, type) || !co_await piece(body))
      co_return false;
    co_return co_await end();
  }
  status_ = status;
  begun_ = true;
  const bool cut = faults_.has(fault_kind::short_body) && !body.empty();
  if (cut)
    terms_.keep_alive = false;
  std::string message = head(status, type, fmt::format("content-length: {}\r\n", body.size()));
  if (!terms_.head_only)
    message += cut ? body.substr(0, body.size() / 2) : body;
  co_return co_await emit(message);
}

asio::awaitable<bool> answer::begin(int status, std::string_view type) {
  status_ = status;
  begun_ = true;
  chunked_ = !terms_.http_1_0 && !faults_.has(fault_kind::close_delimited);
  if (!chunked_ || faults_.has(fault_kind::short_body) || faults_.has(fault_kind::chunk_lie))
    terms_.keep_alive = false;
  gathered_ = head(status, type, chunked_ ? "transfer-encoding: chunked\r\n" : "");
  co_return true;
}

asio::awaitable<bool> answer::piece(std::string_view data) {
  if (!alive_)
    co_return false;
  if (data.empty() || terms_.head_only)
    co_return true;
  if (chunked_) {
    const std::size_t lie = faults_.has(fault_kind::chunk_lie) ? chunk_lie_bytes : 0;
    fmt::format_to(std::back_inserter(gathered_), "{:x}\r\n{}\r\n", data.size() + lie, data);
  } else {
    gathered_ += data;
  }
  if (gathered_.size() < gather_bytes_max)
    co_return true;
  co_return co_await flush();
}

asio::awaitable<bool> answer::flush() {
  if (gathered_.empty())
    co_return alive_;
  const bool ok = co_await emit(gathered_);
  gathered_.clear();
  co_return ok;
}

asio::awaitable<bool> answer::end() {
  if (chunked_ && !terms_.head_only && !faults_.has(fault_kind::short_body))
    gathered_ += "0\r\n\r\n";
  co_return co_await flush();
}

asio::awaitable<bool> answer::raw(std::string_view bytes) {
  begun_ = true;
  terms_.keep_alive = false;
  co_return co_await emit(bytes);
}

asio::awaitable<bool> answer::stall() {
  co_await peer_.pause(stall_max);
  alive_ = false;
  co_return false;
}

bool answer::reset() {
  peer_.reset();
  alive_ = false;
  return false;
}

asio::awaitable<bool> answer::emit(std::string_view bytes) {
  if (!alive_)
    co_return false;
  if (!faults_.empty())
    co_return co_await emit_with_faults(bytes);
  alive_ = co_await peer_.write(bytes);
  if (alive_)
    sent_ += static_cast<std::int64_t>(bytes.size());
  co_return alive_;
}

asio::awaitable<bool> answer::emit_with_faults(std::string_view bytes) {
  const fault* reset_after = faults_.find(fault_kind::reset_after);
  const fault* stall_after = faults_.find(fault_kind::stall_after);
  const fault* drip = faults_.find(fault_kind::drip);
  while (!bytes.empty()) {
    auto room = static_cast<std::int64_t>(bytes.size());
    for (const fault* boundary : {reset_after, stall_after})
      if (boundary)
        room = std::min(room, boundary->amount - sent_);
    if (drip)
      room = std::min(room, drip->amount);
    if (room > 0) {
      alive_ = co_await peer_.write(bytes.substr(0, static_cast<std::size_t>(room)));
      if (!alive_)
        co_return false;
      sent_ += room;
      bytes.remove_prefix(static_cast<std::size_t>(room));
    }
    if (reset_after && sent_ >= reset_after->amount)
      co_return reset();
    if (stall_after && sent_ >= stall_after->amount)
      co_return co_await stall();
    if (drip && !bytes.empty() &&
        co_await peer_.pause(milliseconds{drip->every_ms}) == wire::waited::left) {
      alive_ = false;
      co_return false;
    }
  }
  co_return true;
}

} // namespace simulator
