// The program deepseek-simulator: options in, a listening simulator out, until SIGTERM or SIGINT.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sys/resource.h>

#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include "bench/simulator/command_line.hpp"

namespace {

// A connection is a descriptor, and the usual soft limit of 1024 is soon spent.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace

int main(int argc, char** argv) {
  try {
    const auto options = simulator::read_command_line({argv + 1, argv + argc});
    if (options.help) {
      std::cout << simulator::usage_text;
      return 0;
    }
    raise_descriptor_limit();
    boost::asio::io_context signals(1);
    boost::asio::signal_set wanted(signals, SIGINT, SIGTERM);
    wanted.async_wait([](boost::system::error_code, int) {});
    simulator::server running(options.server);
    if (options.clock)
      running.state().clock.set(*options.clock, options.clock_speed);
    if (!options.port_file.empty()) {
      std::ofstream file(options.port_file);
      file << running.port() << "\n";
      if (!file.flush())
        throw std::runtime_error(fmt::format("cannot write {}", options.port_file));
    }
    fmt::print("deepseek-simulator listening on {}\n", running.url());
    std::fflush(stdout);
    signals.run();
    running.stop();
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "deepseek-simulator: {}\n", error.what());
    return 1;
  }
}
