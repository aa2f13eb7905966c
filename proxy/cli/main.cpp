// deepseek: the real world's streams and environment, and nothing else.
#include <sys/select.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "proxy/cli/app.hpp"

namespace {

volatile std::sig_atomic_t interrupted = 0;

// From the first wait on, Ctrl-C asks for an end instead of being one.
bool wait(std::chrono::milliseconds how_long) {
  sigset_t before;
  sigset_t both;
  sigemptyset(&both);
  sigaddset(&both, SIGINT);
  sigaddset(&both, SIGTERM);
  sigprocmask(SIG_BLOCK, &both, &before);
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(how_long);
  const timespec span{seconds.count(), (how_long - seconds).count() * 1'000'000};
  if (interrupted == 0)
    ::pselect(0, nullptr, nullptr, nullptr, &span, &before); // the signals come here, or not at all
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return interrupted == 0;
}

} // namespace

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
                               ::isatty(STDIN_FILENO) == 1,
                               wait};
  try {
    const int code = proxy::cli::run(std::vector<std::string>(argv + 1, argv + argc), io);
    std::cout.flush();
    if (std::cout)
      return code;
    std::cerr << "deepseek: not all could be written to standard output\n";
    return proxy::cli::exit_failed;
  } catch (const std::exception& error) {
    std::cerr << "deepseek: " << error.what() << "\n";
    return proxy::cli::exit_failed;
  }
}
