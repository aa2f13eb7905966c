// What finding a secret depends on besides its source: variables, the clock, the home directory and
// the way calls are made. Handed in, so that a test can say what they are.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "proxy/secrets/https_call.hpp"

namespace proxy::secrets {

struct environment {
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::function<std::chrono::system_clock::time_point()> now;
  std::filesystem::path home;
  std::function<outcome<http_answer>(const http_request&)> call;
  std::stop_token stop; // whoever waits gives up

  // Empty: not set, or set to nothing, which clouds' own tools take for the same.
  std::string text(const std::string& name) const { return variable(name).value_or(""); }
  std::string text_or(const std::string& name, std::string otherwise) const {
    std::string found = text(name);
    return found.empty() ? std::move(otherwise) : found;
  }
};

environment process_environment(std::stop_token stop = {});

} // namespace proxy::secrets
