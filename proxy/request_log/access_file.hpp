// The file that the access log is appended to, whole lines at a time: opened anew when it was moved
// away, made whole again after a disk that was full. Knows nothing of what the lines say.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "proxy/error.hpp"

namespace proxy::request_log {

class access_file {
 public:
  // "stdout", or a path; a failure: the file cannot be opened.
  static outcome<access_file> open(std::string path);
  access_file(access_file&& other) noexcept;
  access_file& operator=(access_file&&) = delete;
  ~access_file();

  // How many of the lines could not be written. Waits for a pipe's reader, but not for long once
  // it should stop.
  std::size_t write(std::string_view lines, const std::stop_token& stop);
  // What is written next is in the file of that name now; one that cannot be opened changes
  // nothing.
  outcome<void> reopen();

 private:
  access_file(std::string path, int descriptor);
  bool wait_for_reader(const std::stop_token& stop) const;

  std::string path_;
  int descriptor_;
  bool regular_;
  bool torn_ = false; // it ends in a part of a line
};

} // namespace proxy::request_log
