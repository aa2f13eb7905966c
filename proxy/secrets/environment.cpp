// The process's own environment.
#include "proxy/secrets/environment.hpp"

#include <cstdlib>

namespace proxy::secrets {

environment process_environment(std::stop_token stop) {
  environment made;
  made.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>{value} : std::nullopt;
  };
  made.now = [] { return std::chrono::system_clock::now(); };
  made.home = made.text_or("HOME", "/"); // a service may have none
  made.call = [stop](const http_request& request) { return https_call(request, stop); };
  made.stop = std::move(stop);
  return made;
}

} // namespace proxy::secrets
