// deepseek: the real world's streams and environment, and nothing else.
#include <sys/select.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
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

// The one that was installed with this one, else the one in PATH.
int become_proxy(const std::vector<std::string>& words) {
  constexpr const char* name = "deepseek-proxy";
  std::vector<char*> arguments{const_cast<char*>(name)};
  for (const std::string& each : words)
    arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  std::error_code unknown;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", unknown).parent_path() / name;
  ::execv(here.c_str(), arguments.data());
  ::execvp(name, arguments.data());
  std::cerr << "deepseek: deepseek-proxy, which does this, is neither in "
            << here.parent_path().string() << " nor in PATH\n";
  return proxy::cli::exit_failed;
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
                               wait,
                               become_proxy};
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
