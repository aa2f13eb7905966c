// Appending to a file or a pipe.
#include "proxy/request_log/access_file.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace proxy::request_log {
namespace {

constexpr std::string_view standard_output = "stdout";

outcome<int> open_to_append(const std::string& path) {
  const int opened = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (opened < 0)
    return failure{errc::bad_configuration,
                   "log.access: cannot open " + path + ": " + std::strerror(errno)};
  return opened;
}

bool is_regular(int descriptor) {
  struct stat about {};
  return ::fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode);
}

// A pipe takes so much at once when it takes anything: never half a line, which something else's
// could follow.
std::string_view first_lines(std::string_view lines) {
  const std::size_t end = lines.rfind('\n', PIPE_BUF - 1);
  return end == std::string_view::npos ? lines : lines.substr(0, end + 1);
}

} // namespace

outcome<access_file> access_file::open(std::string path) {
  if (path == standard_output)
    return access_file{std::move(path), STDOUT_FILENO};
  const auto opened = open_to_append(path);
  if (!opened)
    return opened.error();
  return access_file{std::move(path), *opened};
}

access_file::access_file(std::string path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor), regular_(is_regular(descriptor)) {}

access_file::access_file(access_file&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)),
      regular_(other.regular_), torn_(other.torn_) {}

access_file::~access_file() {
  if (descriptor_ > STDERR_FILENO)
    ::close(descriptor_);
}

bool access_file::wait_for_reader(const std::stop_token& stop) const {
  constexpr int step_ms = 100;
  constexpr int steps_at_the_end = 10;
  pollfd room{descriptor_, POLLOUT, 0};
  for (int late = 0; late < steps_at_the_end; late += stop.stop_requested())
    if (::poll(&room, 1, step_ms) > 0)
      return true;
  return false;
}

std::size_t access_file::write(std::string_view lines, const std::stop_token& stop) {
  if (torn_ && ::write(descriptor_, "\n", 1) == 1)
    torn_ = false;
  while (!lines.empty() && (regular_ || wait_for_reader(stop))) {
    const std::string_view next = regular_ ? lines : first_lines(lines);
    const ssize_t written = ::write(descriptor_, next.data(), next.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      break;
    const auto bytes = static_cast<std::size_t>(written);
    torn_ = lines[bytes - 1] != '\n';
    lines.remove_prefix(bytes);
  }
  return static_cast<std::size_t>(std::ranges::count(lines, '\n'));
}

outcome<void> access_file::reopen() {
  if (path_ == standard_output)
    return {};
  const auto opened = open_to_append(path_);
  if (!opened)
    return opened.error();
  ::close(std::exchange(descriptor_, *opened));
  regular_ = is_regular(descriptor_);
  torn_ = false;
  return {};
}

} // namespace proxy::request_log
