// Spans on their way to an OpenTelemetry collector: gathered into calls by one thread, sent by
// another one, so that a slow collector delays nothing else. A bounded number of calls waits; what
// is beyond, and what the collector does not take, is counted and not tried again.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "proxy/session/ended_request.hpp"

namespace proxy::request_log {

class span_export {
 public:
  explicit span_export(std::string url); // http://host:port/path
  ~span_export();                        // sends what is left, if the collector takes it

  void add(const session::ended_request& one);
  void flush(); // what was added goes out now
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t spans_a_call = 512;
  static constexpr std::size_t calls_waiting_max = 8;
  static constexpr std::size_t call_bytes = 768u << 10;

  struct call {
    std::string body;
    std::size_t spans;
  };
  void begin();
  void run(const std::stop_token& stop);
  bool send(call what);

  const std::string url_;
  // The thread's that adds.
  std::unique_ptr<char[]> body_;
  char* end_;
  std::size_t spans_ = 0;

  std::mutex lock_;
  std::condition_variable_any more_;
  std::deque<call> waiting_;
  std::atomic<std::uint64_t> dropped_{0};
  bool failing_ = false; // told to the log once, until it works again
  std::jthread thread_;
};

} // namespace proxy::request_log
