// A process group of its own, so that all of a pipeline can be killed; a descriptor of the process,
// so that its end is waited for with a deadline.
#include "proxy/secrets/command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>

namespace proxy::secrets {
namespace {

using std::chrono::steady_clock;

failure failed(std::string why) {
  return {errc::bad_configuration, "the command of exec: " + std::move(why)};
}

class child {
 public:
  ~child() {
    if (pid_ > 0) {
      ::kill(-pid_, SIGKILL);
      while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    for (const int fd : {input_, output_, handle_})
      if (fd >= 0)
        ::close(fd);
  }

  bool start(const std::string& command, std::string_view input) {
    int ends[2];
    if (!keep(input) || ::pipe2(ends, O_CLOEXEC) != 0)
      return false;
    output_ = ends[0];
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&files);
    if (input_ >= 0)
      ::posix_spawn_file_actions_adddup2(&files, input_, STDIN_FILENO);
    else
      ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    std::string shell = "sh", flag = "-c", text = command;
    char* arguments[] = {shell.data(), flag.data(), text.data(), nullptr};
    const bool spawned =
        ::posix_spawn(&pid_, "/bin/sh", &files, &attributes, arguments, environ) == 0;
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
    ::close(ends[1]);
    if (!spawned) {
      pid_ = 0;
      return false;
    }
    handle_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    return handle_ >= 0 && ::fcntl(output_, F_SETFL, O_NONBLOCK) == 0;
  }

  // Takes what is there, up to bytes_max + 1 in all; further output is thrown away. Comes back in
  // time even if output never ends.
  void drain(std::string& into, std::size_t bytes_max) {
    char block[4096];
    for (int blocks = 0; blocks < 64 && !at_end_; ++blocks) {
      const ssize_t got = ::read(output_, block, sizeof block);
      if (got < 0)
        return; // nothing more by now
      at_end_ = got == 0;
      into.append(block, std::min(static_cast<std::size_t>(got), bytes_max + 1 - into.size()));
    }
  }

  // Until there is output or an end, for a moment at most.
  void wait(std::chrono::milliseconds span) const {
    pollfd watched[] = {{handle_, POLLIN, 0}, {at_end_ ? -1 : output_, POLLIN, 0}};
    ::poll(watched, 2, static_cast<int>(span.count()));
  }

  std::optional<int> status() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_)
      return std::nullopt;
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : status;
  }

 private:
  // In memory, so that a command which reads nothing keeps nobody waiting.
  bool keep(std::string_view input) {
    if (input.empty())
      return true;
    input_ = ::memfd_create("input", MFD_CLOEXEC);
    return input_ >= 0 &&
           ::write(input_, input.data(), input.size()) == static_cast<ssize_t>(input.size()) &&
           ::lseek(input_, 0, SEEK_SET) == 0;
  }

  pid_t pid_ = 0;
  int input_ = -1;
  int output_ = -1;
  int handle_ = -1;
  bool at_end_ = false;
};

} // namespace

outcome<std::string> output_of(const std::string& command, std::size_t bytes_max,
                               const patience& how, std::string_view input) {
  const auto until = steady_clock::now() + how.timeout;
  child running;
  if (!running.start(command, input))
    return failed("cannot be run");
  std::string output;
  for (;;) {
    const std::optional<int> status = running.status(); // before the last of its output is taken
    running.drain(output, bytes_max);
    if (status && *status == 0)
      return output;
    if (status)
      return failed("ended with status " + std::to_string(*status));
    if (how.stop.stop_requested())
      return failed("was given up, for the proxy ends");
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - steady_clock::now());
    if (left.count() <= 0)
      return failed("was not done within " + std::to_string(how.timeout.count()) + " ms");
    running.wait(std::min(left, std::chrono::milliseconds{100}));
  }
}

} // namespace proxy::secrets
