// The owner's key, which is made where none is given, so that a first start needs no configuration.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include <openssl/rand.h>

#include "proxy/hex.hpp"
#include "proxy/secrets/resolve.hpp"
#include "proxy/secrets/secret_file.hpp"

namespace proxy::secrets {
namespace {

failure no_key(std::string why) {
  return {errc::bad_configuration, std::move(why)};
}

outcome<std::string> make_admin_key(const std::filesystem::path& path) {
  std::array<unsigned char, 24> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    return no_key("the system's random generator failed");
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
  return no_key("cannot write " + path.string() + ": " + std::generic_category().message(error));
}

} // namespace

outcome<std::string> admin_key(const config::settings& from, const environment& with) {
  constexpr std::size_t length_min = 16;
  const bool by_default = from.admin.key.text == config::admin_settings{}.key.text;
  const std::filesystem::path kept = from.store.path / "admin.key";
  outcome<std::string> key = std::string{};
  if (!by_default || with.variable("DEEPSEEK_ADMIN_KEY"))
    key = resolve(from.admin.key, with);
  else if (std::filesystem::exists(kept))
    key = key_in_file(kept.string(), S_IRWXG | S_IRWXO);
  else
    key = make_admin_key(kept);
  if (key && key->size() < length_min)
    return no_key("the admin key is shorter than 16 characters: choose a longer one");
  return key;
}

} // namespace proxy::secrets
