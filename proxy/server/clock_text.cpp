// strptime and timegm, so that the calendar is libc's.
#include "proxy/server/clock_text.hpp"

#include <ctime>

namespace proxy::server {

std::optional<policies::instant> parse_rfc3339(const std::string& text) {
  std::tm when{};
  const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &when);
  if (!end || *end != '\0')
    return std::nullopt;
  return policies::instant{std::chrono::seconds{::timegm(&when)}};
}

} // namespace proxy::server
