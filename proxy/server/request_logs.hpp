// The access log and spans for an OpenTelemetry collector: each ended request is told once, into a
// bounded queue, and a thread of its own writes and sends. What finds no room is counted and
// forgotten: a slow disk or collector never slows a request. No secret, query or prompt is told.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "proxy/error.hpp"
#include "proxy/session/services.hpp"

namespace proxy::server {

class request_logs final : public session::request_log {
 public:
  struct where {
    std::string access; // a file, or "stdout"; empty: none
    std::string trace;  // http://host:port/path; empty: none
  };
  // A failure: the file cannot be opened.
  static outcome<std::unique_ptr<request_logs>> open(where to);
  ~request_logs() override; // writes what is left

  void ended(const session::exchange& x, policies::instant now) override; // any thread
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t lines_bytes_max = 8u << 20;
  static constexpr std::size_t spans_max = 4096;
  static constexpr std::size_t spans_a_call = 512;

  explicit request_logs(where to) : to_(std::move(to)) {}
  void run(const std::stop_token& stop);
  void write(const std::string& lines);
  void send(const std::vector<std::string>& spans);

  where to_;
  std::FILE* file_ = nullptr;
  std::mutex lock_;
  std::condition_variable_any more_;
  std::string lines_;
  std::vector<std::string> spans_;
  std::atomic<std::uint64_t> dropped_{0};
  bool failing_ = false; // told to the log once
  std::jthread thread_;
};

} // namespace proxy::server
