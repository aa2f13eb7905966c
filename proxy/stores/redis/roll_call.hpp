// What proxies tell each other by way of Redis, in JSON: who is there, and what they have told
// which Redis process (scripts/roll_call.lua).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace proxy::stores::redis {

struct roll_call {
  struct process {
    std::string token;
    bool open = false;
    std::set<std::string> told;                  // proxies
    std::map<std::string, std::int64_t> missing; // proxies, and when they were last here
  };
  std::int64_t now_ms = 0;
  std::string own; // replication id of who answers
  std::map<std::string, std::int64_t> nodes;
  std::map<std::string, process> processes;
};
std::optional<roll_call> read_roll_call(std::string_view json);
// As it lies in `processes_name`, without who is missing.
std::optional<roll_call::process> read_process(std::string_view json);

// What is said of one process; empty: nothing.
struct said_of_process {
  std::string told;
  std::string opened;
  std::string lost;
};
std::string write_saying(const std::map<std::string, std::int64_t>& known,
                         const std::map<std::string, said_of_process>& processes, bool leaving);

} // namespace proxy::stores::redis
