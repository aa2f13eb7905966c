// Reads the schedule, strictly: a benchmark must not run something else than it was told.
#include "bench/load/schedule.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <istream>
#include <sstream>
#include <stdexcept>

namespace load {
namespace {

constexpr std::size_t request_bytes_max = 64 << 20;

sockaddr_in read_target(std::istringstream& words) {
  std::string address;
  int port = 0;
  sockaddr_in out{};
  words >> address >> port;
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(port));
  if (!words || port < 1 || port > 65535 ||
      ::inet_pton(AF_INET, address.c_str(), &out.sin_addr) != 1)
    throw std::runtime_error("a target is an IPv4 address and a port");
  return out;
}

shot read_shot(std::istringstream& words, std::istream& in, std::size_t targets) {
  shot out;
  std::size_t length = 0;
  words >> out.at_us >> out.target >> out.leave_after >> length;
  if (!words || out.at_us < 0 || out.target >= targets || length > request_bytes_max)
    throw std::runtime_error("a shot is AT_US TARGET LEAVE_AFTER LENGTH");
  out.request.resize(length);
  if (!in.read(out.request.data(), static_cast<std::streamsize>(length)) || in.get() != '\n')
    throw std::runtime_error("a request is shorter or longer than its shot says");
  return out;
}

} // namespace

schedule read_schedule(std::istream& in) {
  schedule out;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "target")
      out.targets.push_back(read_target(words));
    else if (kind == "shot")
      out.shots.push_back(read_shot(words, in, out.targets.size()));
    else
      throw std::runtime_error("neither a target nor a shot: " + line.substr(0, 60));
  }
  const auto earlier = [](const shot& a, const shot& b) { return a.at_us < b.at_us; };
  if (!std::is_sorted(out.shots.begin(), out.shots.end(), earlier))
    throw std::runtime_error("shots must be in order of time");
  return out;
}

} // namespace load
