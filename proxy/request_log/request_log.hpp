// The access log and spans for an OpenTelemetry collector. Data threads leave their ended requests
// in rings, one each; a thread of its own empties them, puts them into words, writes and sends.
// What finds no room is counted and left out: a slow disk or collector never slows a request. No
// secret, query or prompt is told.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "proxy/request_log/access_file.hpp"
#include "proxy/request_log/bell.hpp"
#include "proxy/request_log/span_export.hpp"
#include "proxy/request_log/wording.hpp"

namespace proxy::request_log {

struct wanted {
  std::string access{}; // a file, or "stdout"; empty: none
  std::string trace{};  // http://host:port/path; empty: none
  std::size_t threads = 1;
  std::size_t queue_requests = 4096; // of each thread
};

class request_log {
 public:
  // A failure: the file cannot be opened.
  static outcome<std::unique_ptr<request_log>> open(wanted what);
  ~request_log(); // tells what is left; nobody may add to it any more

  session::ended_requests& of_thread(std::size_t index) { return *rings_[index]; }
  void reopen();                 // the file, after what has ended by now; any thread
  std::uint64_t dropped() const; // lines and spans

 private:
  static constexpr std::size_t batch_bytes = 256u << 10;

  explicit request_log(const wanted& what);
  void run(const std::stop_token& stop);
  void tell_all(const std::stop_token& stop);
  void write(const std::stop_token& stop);
  void reopen_file();
  void warn_of_overflow();
  std::uint64_t overflowed() const;

  std::vector<std::unique_ptr<session::ended_requests>> rings_;
  std::optional<access_file> file_;
  std::optional<span_export> spans_;
  access_lines lines_;
  std::unique_ptr<char[]> batch_;
  char* batch_end_;
  std::atomic<std::uint64_t> unwritten_{0}; // lines
  std::atomic<bool> moved_{false};          // the file is to be opened anew
  bool failing_ = false;                    // told to the log once, until it works again
  std::uint64_t overflow_told_ = 0;
  std::chrono::steady_clock::time_point overflow_told_at_{};
  bell bell_;
  std::jthread thread_;
};

} // namespace proxy::request_log
