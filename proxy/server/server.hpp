// The proxy as a whole: everything made in order from the settings, run until a signal, ended
// without losing a request.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>

#include "proxy/config/settings.hpp"
#include "proxy/error.hpp"

namespace proxy::server {

struct run_options {
  // Pretend the process started at this instant: for tests of prices and calendar windows.
  std::optional<policies::instant> pretend_start;
  // Read again at SIGHUP; absent: there is none.
  std::optional<std::filesystem::path> config_file;
};

// What this process is to run next, once the server is destroyed.
struct succession {
  std::filesystem::path program;
  std::string environment; // NAME=VALUE: the sockets it inherits
};

class server {
 public:
  // Opens the store, recovers, listens. Nothing is served yet; failures say what to do.
  static outcome<std::unique_ptr<server>> open(config::settings settings, run_options options);
  ~server();

  // Serves until SIGTERM or SIGINT, then drains. SIGHUP: reads configuration and certificates
  // again. SIGUSR2: drains, and says which program is to take over; it gets the sockets.
  std::optional<succession> run();

 private:
  server();
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace proxy::server
