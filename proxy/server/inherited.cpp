// Reading what the environment says of descriptors 3, 4, ...
#include "proxy/server/inherited.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>

namespace proxy::server {
namespace {

constexpr int first_descriptor = 3;

int number_in(const char* name) {
  const char* text = std::getenv(name);
  int value = 0;
  if (text)
    std::from_chars(text, text + std::strlen(text), value);
  return value;
}

bool is_listening(int descriptor) {
  int yes = 0;
  socklen_t size = sizeof yes;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &yes, &size) == 0 && yes == 1;
}

void prepare(int descriptor) {
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

} // namespace

inherited_sockets take_inherited_sockets() {
  inherited_sockets found;
  const int count = number_in("LISTEN_PID") == ::getpid() ? number_in("LISTEN_FDS") : 0;
  const char* names_given = std::getenv("LISTEN_FDNAMES");
  std::string names = names_given ? names_given : "";
  for (int fd = first_descriptor; fd < first_descriptor + count; ++fd) {
    const std::size_t colon = names.find(':');
    const std::string name = names.substr(0, colon);
    names.erase(0, colon == names.npos ? names.size() : colon + 1);
    if (!is_listening(fd))
      continue;
    prepare(fd);
    (name.starts_with("admin") || name.ends_with("-admin.socket") ? found.admin : found.data)
        .push_back(fd);
  }
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
    ::unsetenv(name);
  return found;
}

} // namespace proxy::server
