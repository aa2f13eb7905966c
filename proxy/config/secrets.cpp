// Finding secrets. A failure names the source and the reason, never the value.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

#include <openssl/rand.h>

#include "proxy/config/settings.hpp"

namespace proxy::config {
namespace {

constexpr std::size_t secret_bytes_max = 8192;

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

outcome<std::string> from_file(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0)
    return no_secret("cannot read the secret file " + path + ": " +
                     std::generic_category().message(errno));
  if (found.st_mode & S_IROTH)
    return no_secret("the secret file " + path + " can be read by everybody: chmod 600 it");
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in)
    return no_secret("cannot read the secret file " + path);
  return checked(trimmed(text.str()), "the secret file " + path);
}

outcome<std::string> from_credential(const std::string& name) {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (!directory)
    return no_secret("credential:" + name +
                     " needs systemd's LoadCredential= (there is no "
                     "$CREDENTIALS_DIRECTORY)");
  return from_file(std::string(directory) + "/" + name);
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
  std::string key = "admin-";
  for (const unsigned char byte : random) {
    constexpr char digits[] = "0123456789abcdef";
    key += {digits[byte >> 4], digits[byte & 15]};
  }
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const std::string line = key + "\n";
  const bool written =
      fd >= 0 && ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (fd >= 0)
    ::close(fd);
  if (!written)
    return no_secret("cannot write " + path.string() + ": " +
                     std::generic_category().message(errno));
  return key;
}

} // namespace

outcome<std::string> resolve_secret(const secret_source& source) {
  const std::size_t colon = source.text.find(':');
  const std::string scheme = source.text.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : source.text.substr(colon + 1);
  if (scheme == "env")
    return from_environment(rest);
  if (scheme == "file")
    return from_file(rest);
  if (scheme == "credential")
    return from_credential(rest);
  if (scheme == "exec")
    return from_command(rest);
  return no_secret("a secret's source is env:NAME, file:PATH, credential:NAME or exec:COMMAND");
}

outcome<std::string> admin_key(const settings& from) {
  constexpr std::size_t length_min = 16;
  const bool by_default = from.admin.key.text == admin_settings{}.key.text;
  const std::filesystem::path kept = from.store.path / "admin.key";
  outcome<std::string> key = std::string{};
  if (!by_default || std::getenv("DEEPSEEK_ADMIN_KEY"))
    key = resolve_secret(from.admin.key);
  else if (std::filesystem::exists(kept))
    key = from_file(kept.string());
  else
    key = make_admin_key(kept);
  if (key && key->size() < length_min)
    return no_secret("the admin key is shorter than 16 characters: choose a longer one");
  return key;
}

} // namespace proxy::config
