// Finding secrets. A failure names the source and the reason, never the value.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include <openssl/rand.h>

#include "proxy/config/secret_source.hpp"
#include "proxy/config/settings.hpp"
#include "proxy/hex.hpp"

namespace proxy::config {
namespace {

constexpr std::size_t secret_bytes_max = 8192;
constexpr mode_t all_but_owner = S_IRWXG | S_IRWXO;

failure no_secret(std::string why) {
  return {errc::bad_configuration, std::move(why)};
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  return text;
}

// What goes into a header field must not end one.
outcome<std::string> checked(std::string value, const std::string& source) {
  if (value.empty())
    return no_secret(source + " is empty");
  if (value.size() > secret_bytes_max)
    return no_secret(source + " is too long to be a key");
  for (const char c : value)
    if (static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7f)
      return no_secret(source + " has a blank or a control character in it, which no key has");
  return value;
}

outcome<std::string> from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (!value)
    return no_secret("the environment variable " + name +
                     " is not set: set it to the key, or name another source in the configuration");
  return checked(value, "the environment variable " + name);
}

failure unreadable(const std::string& path, int error) {
  return no_secret("cannot read the secret file " + path + ": " +
                   std::generic_category().message(error));
}

// One byte more than a secret may have, so that a longer one shows.
outcome<std::string> read_from(int fd, const std::string& path) {
  std::string text(secret_bytes_max + 1, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = ::read(fd, text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return unreadable(path, errno);
    if (got == 0)
      break;
    filled += static_cast<std::size_t>(got);
  }
  text.resize(filled);
  return text;
}

// `refused`: the permissions a file may not have.
outcome<std::string> from_file(const std::string& path, mode_t refused) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return unreadable(path, errno);
  struct stat found {};
  const bool known = ::fstat(fd, &found) == 0;
  const int error = errno;
  const bool shared = known && (found.st_mode & refused) != 0;
  outcome<std::string> text = std::string{};
  if (known && !shared)
    text = read_from(fd, path);
  ::close(fd);
  if (!known)
    return unreadable(path, error);
  if (shared)
    return no_secret("the secret file " + path + " is open to others than its owner: chmod 600 it");
  if (!text)
    return text;
  return checked(trimmed(std::move(*text)), "the secret file " + path);
}

outcome<std::string> from_credential(const std::string& name) {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (!directory)
    return no_secret("credential:" + name +
                     " needs systemd's LoadCredential= (there is no "
                     "$CREDENTIALS_DIRECTORY)");
  // systemd lets the service in by an access list, which shows as the group's permission.
  return from_file(std::string(directory) + "/" + name, S_IRWXO);
}

outcome<std::string> from_command(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "re");
  if (!pipe)
    return no_secret("cannot run the command of exec:");
  std::string text(secret_bytes_max + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), pipe));
  const int status = ::pclose(pipe);
  if (status != 0)
    return no_secret("the command of exec: ended with status " +
                     std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : status));
  return checked(trimmed(std::move(text)), "the output of the command of exec:");
}

outcome<std::string> make_admin_key(const std::filesystem::path& path) {
  std::array<unsigned char, 24> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    return no_secret("the system's random generator failed");
  const std::string key = "admin-" + hex(random);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const std::string line = key + "\n";
  const bool written =
      fd >= 0 && ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  const int error = errno;
  if (fd >= 0)
    ::close(fd);
  if (written)
    return key;
  if (fd >= 0)
    ::unlink(path.c_str()); // half a key would be taken for one
  return no_secret("cannot write " + path.string() + ": " + std::generic_category().message(error));
}

} // namespace

outcome<std::string> resolve_secret(const secret_source& source) {
  if (auto complaint = complaint_about_source(source.text))
    return no_secret(std::move(*complaint));
  const std::size_t colon = source.text.find(':');
  const std::string scheme = source.text.substr(0, colon);
  const std::string rest = source.text.substr(colon + 1);
  if (scheme == "env")
    return from_environment(rest);
  if (scheme == "file")
    return from_file(rest, all_but_owner);
  if (scheme == "credential")
    return from_credential(rest);
  return from_command(rest);
}

outcome<std::string> admin_key(const settings& from) {
  constexpr std::size_t length_min = 16;
  const bool by_default = from.admin.key.text == admin_settings{}.key.text;
  const std::filesystem::path kept = from.store.path / "admin.key";
  outcome<std::string> key = std::string{};
  if (!by_default || std::getenv("DEEPSEEK_ADMIN_KEY"))
    key = resolve_secret(from.admin.key);
  else if (std::filesystem::exists(kept))
    key = from_file(kept.string(), all_but_owner);
  else
    key = make_admin_key(kept);
  if (key && key->size() < length_min)
    return no_secret("the admin key is shorter than 16 characters: choose a longer one");
  return key;
}

} // namespace proxy::config
