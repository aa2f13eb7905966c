// Runs a shell command for what it prints, or for what it does with its input, with an end to its
// patience: a command that hangs must neither keep the proxy from starting nor from ending.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>

#include "proxy/error.hpp"

namespace proxy::secrets {

struct patience {
  std::chrono::milliseconds timeout{30'000};
  std::stop_token stop = {};
};

// At most bytes_max + 1 bytes of its output. A status other than 0 is a
// failure, as is an end of patience: then it is killed, and what it began with it.
outcome<std::string> output_of(const std::string& command, std::size_t bytes_max,
                               const patience& how, std::string_view input = {});

} // namespace proxy::secrets
