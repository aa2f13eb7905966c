// deepseek: the real world's streams and environment, and nothing else.
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "proxy/cli/app.hpp"

int main(int argc, char** argv) {
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  const proxy::cli::console io{std::cin,
                               std::cout,
                               std::cerr,
                               environment,
                               terminal && !environment("NO_COLOR"),
                               ::isatty(STDIN_FILENO) == 1};
  try {
    const int code = proxy::cli::run(std::vector<std::string>(argv + 1, argv + argc), io);
    std::cout.flush();
    return std::cout ? code : proxy::cli::exit_failed;
  } catch (const std::exception& error) {
    std::cerr << "deepseek: " << error.what() << "\n";
    return proxy::cli::exit_failed;
  }
}
