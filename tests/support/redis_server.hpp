// A redis-server of the test's own: on a free port of the loopback, in a directory of its own,
// stopped by its pid. It is there when the constructor returns.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace tests {

class redis_server {
 public:
  redis_server() {
    std::string name = (std::filesystem::temp_directory_path() / "redis-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    for (int attempt = 0; attempt < 20 && child_ < 0; ++attempt)
      start(free_port());
    if (child_ < 0)
      throw std::runtime_error("redis-server did not start: is it installed?");
  }
  ~redis_server() {
    stop(SIGKILL);
    std::filesystem::remove_all(directory_);
  }
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  std::uint16_t port() const { return port_; }
  void kill() { stop(SIGKILL); }
  void start_again() { start(port_); }
  void freeze() { ::kill(child_, SIGSTOP); }
  void thaw() { ::kill(child_, SIGCONT); }

 private:
  static std::uint16_t free_port() {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    ::bind(probe, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(probe);
    return ntohs(address.sin_port);
  }
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  bool answers() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port_);
    char text[7] = "";
    const bool pong =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 && ::recv(fd, text, 5, MSG_WAITALL) == 5 &&
        std::string(text) == "+PONG";
    ::close(fd);
    return pong;
  }

  void start(std::uint16_t port) {
    port_ = port;
    const std::vector<std::string> words{
        "redis-server", "--port", std::to_string(port), "--bind",    "127.0.0.1",
        "--save",       "",       "--appendonly",       "yes",       "--appendfsync",
        "no",           "--dir",  directory_.string(),  "--logfile", (directory_ / "log").string(),
        "--daemonize",  "no"};
    std::vector<char*> arguments;
    for (const std::string& word : words)
      arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL); // not outlive a test that crashed
      ::execvp(arguments[0], arguments.data());
      ::_exit(127);
    }
    int state = 0;
    while (!answers()) {
      if (::waitpid(child_, &state, WNOHANG) == child_) { // the port was taken
        child_ = -1;
        return;
      }
      std::this_thread::yield();
    }
  }

  void stop(int how) {
    if (child_ < 0)
      return;
    ::kill(child_, how);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }

  std::filesystem::path directory_;
  std::uint16_t port_ = 0;
  pid_t child_ = -1;
};

} // namespace tests
