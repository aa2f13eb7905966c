// Taking the lock, and saying who has it.
#include "proxy/stores/directory_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace proxy::stores {
namespace {

failure unusable(const std::filesystem::path& directory, const std::string& why) {
  return {errc::data_directory_unusable,
          "cannot use the data directory " + directory.string() + ": " + why +
              ". Set store.path to a directory that this user may write."};
}

std::string owner_of(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t got = ::pread(descriptor, text.data(), text.size() - 1, 0);
  std::string pid(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!pid.empty() && pid.back() == '\n')
    pid.pop_back();
  return pid.empty() ? "unknown" : pid;
}

} // namespace

outcome<directory_lock> directory_lock::take(const std::filesystem::path& directory) {
  std::error_code failed;
  const bool made = std::filesystem::create_directories(directory, failed);
  if (failed)
    return unusable(directory, failed.message());
  if (made)
    ::chmod(directory.c_str(), 0700);
  const int fd = ::open((directory / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return unusable(directory, std::generic_category().message(errno));
  directory_lock taken{fd};
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
    return failure{errc::data_directory_locked,
                   "the data directory " + directory.string() + " is in use by process " +
                       owner_of(fd) + ". Stop it first, or give this one another store.path."};
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return unusable(directory, std::generic_category().message(errno));
  return taken;
}

directory_lock::directory_lock(directory_lock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

directory_lock::~directory_lock() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

} // namespace proxy::stores
