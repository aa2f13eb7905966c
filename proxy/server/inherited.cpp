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
constexpr std::string_view handed_over = "DEEPSEEK_PROXY_SOCKETS";
constexpr std::size_t clients_max = 16'000; // of the kernel's 128 KiB a variable

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

void append_words(std::string& out, const std::vector<int>& descriptors) {
  for (const int each : descriptors)
    out.append(std::to_string(each)).push_back(',');
  out.push_back(';');
}

// "5,6,;9,;12,;": as hand_over() wrote it.
void read_handed_over(const char* text, inherited_sockets& into) {
  const char* end = text + std::strlen(text);
  for (auto* list : {&into.data, &into.admin, &into.clients}) {
    while (text != end && *text != ';') {
      int descriptor = -1;
      const auto read = std::from_chars(text, end, descriptor);
      if (read.ec != std::errc{} || read.ptr == end)
        return;
      if (::fcntl(descriptor, F_GETFD) >= 0) {
        prepare(descriptor);
        list->push_back(descriptor);
      }
      text = read.ptr + 1;
    }
    text += text != end;
  }
}

} // namespace

std::string hand_over(inherited_sockets sockets) {
  while (sockets.clients.size() > clients_max) {
    ::close(sockets.clients.back());
    sockets.clients.pop_back();
  }
  for (const auto* list : {&sockets.data, &sockets.admin, &sockets.clients})
    for (const int each : *list)
      ::fcntl(each, F_SETFD, 0);
  std::string variable{handed_over};
  variable += '=';
  for (const auto* list : {&sockets.data, &sockets.admin, &sockets.clients})
    append_words(variable, *list);
  return variable;
}

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
  if (const char* text = std::getenv(handed_over.data()))
    read_handed_over(text, found);
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", handed_over.data()})
    ::unsetenv(name);
  return found;
}

} // namespace proxy::server
