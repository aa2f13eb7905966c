// The options of deepseek-simulator. Knows words and bounds; starts nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/simulator/server.hpp"

namespace simulator {

struct command_line {
  server_settings server;
  std::string port_file;
  std::optional<instant> clock;
  double clock_speed = 1.0;
  bool help = false;
};

// Throws std::invalid_argument, naming the option.
command_line read_command_line(const std::vector<std::string>& words);

extern const std::string_view usage_text;

} // namespace simulator
