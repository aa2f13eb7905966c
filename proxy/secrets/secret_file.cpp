// A failure names the file and the reason, never what is in it.
#include "proxy/secrets/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace proxy::secrets {
namespace {

constexpr std::size_t text_bytes_max = 64 * 1024;

failure unreadable(const std::string& what, int error) {
  return no_secret("cannot read " + what + ": " + std::generic_category().message(error));
}

// One byte more than wanted, so that a longer file shows.
outcome<std::string> read_from(int fd, std::size_t bytes_max, const std::string& what) {
  std::string text(bytes_max + 1, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = ::read(fd, text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return unreadable(what, errno);
    if (got == 0)
      break;
    filled += static_cast<std::size_t>(got);
  }
  text.resize(filled);
  return text;
}

} // namespace

std::string without_line_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  return text;
}

outcome<std::string> fit_to_be_a_key(std::string value, const std::string& what) {
  if (value.empty())
    return no_secret(what + " is empty");
  if (value.size() > secret_bytes_max)
    return no_secret(what + " is too long to be a key");
  for (const char c : value)
    if (static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7f)
      return no_secret(what + " has a blank or a control character in it, which no key has");
  return value;
}

outcome<std::string> key_in_file(const std::string& path, mode_t refused) {
  const std::string what = "the secret file " + path;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return unreadable(what, errno);
  struct stat found {};
  const bool known = ::fstat(fd, &found) == 0;
  const int error = errno;
  const bool shared = known && (found.st_mode & refused) != 0;
  outcome<std::string> text = std::string{};
  if (known && !shared)
    text = read_from(fd, secret_bytes_max, what);
  ::close(fd);
  if (!known)
    return unreadable(what, error);
  if (shared)
    return no_secret(what + " is open to others than its owner: chmod 600 it");
  if (!text)
    return text;
  return fit_to_be_a_key(without_line_end(std::move(*text)), what);
}

outcome<std::string> text_in_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return unreadable(path, errno);
  auto text = read_from(fd, text_bytes_max, path);
  ::close(fd);
  if (text && text->size() > text_bytes_max)
    return no_secret(path + " is longer than 64 KiB");
  return text;
}

} // namespace proxy::secrets
