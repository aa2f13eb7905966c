// What is to be sent when: the schedule as deepseek-bench writes it to standard input. Knows no
// socket and no HTTP; a request is bytes.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include <netinet/in.h>

namespace load {

struct shot {
  std::int64_t at_us = 0; // after the start
  std::size_t target = 0;
  std::int64_t leave_after = -1; // bytes of the answer, then the client is gone; -1: it stays
  std::string request;
};

struct schedule {
  std::vector<sockaddr_in> targets;
  std::vector<shot> shots; // in order of time
};

// Lines "target ADDRESS PORT", then for each request "shot AT_US TARGET LEAVE_AFTER LENGTH"
// followed by LENGTH bytes and a line's end. Throws std::runtime_error that names what is wrong.
schedule read_schedule(std::istream& in);

} // namespace load
