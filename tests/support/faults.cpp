// Preloaded into a program under test (LD_PRELOAD): counts its system calls by what they do to
// what, and at those a test names makes it die, fail them, or have them take their time; moves its
// clock. The test says so in a page of memory that both map. Knows the names of the files, not what
// for.
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

enum call : unsigned {
  opens, // creating
  allocates,
  writes,
  syncs,
  renames,
  removes,
  cuts,
  sends,
  receives,
  accepts,
  connects,
  waits,
  calls,
};
enum target : unsigned {
  segment, // of the journal
  folder,
  database,
  wal,
  file, // any other
  client,
  admin,
  upstream,
  store, // Redis
  events,
  targets,
  nothing = targets, // pipes and such: not counted
};
constexpr const char* names =
    "open allocate write sync rename remove cut send receive accept connect wait,"
    "segment folder database wal file client admin upstream store events";

enum action : std::uint32_t { none, die_before, die_after, fail, delay };

struct control {
  std::atomic<std::uint32_t> what; // action
  std::uint32_t of_calls;          // bits
  std::uint32_t of_targets;
  std::int32_t error; // errno of `fail`
  std::uint32_t delay_us;
  std::uint32_t skip; // passages until then
  std::atomic<std::uint32_t> passed;
  std::atomic<std::uint32_t> hit;
  std::uint32_t admin_port;
  std::uint32_t upstream_port;
  std::uint32_t store_port;
  std::uint32_t unused;
  std::atomic<std::int64_t> clock_offset_ns;
  std::atomic<std::uint64_t> counts[calls][targets];
};

control* page = nullptr;

__attribute__((constructor)) void begin() {
  const char* path = std::getenv("FAULTS_CONTROL");
  const int fd = path ? ::open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0)
    return;
  void* at = ::mmap(nullptr, sizeof(control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (at != MAP_FAILED)
    page = static_cast<control*>(at);
}

template <class Function>
Function* real(Function*, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}
#define REAL(name)                                                                                 \
  [] {                                                                                             \
    static auto* const found = real(&::name, #name);                                               \
    return found;                                                                                  \
  }()

target of_path(const char* path) {
  const char* slash = std::strrchr(path, '/');
  const char* name = slash ? slash + 1 : path;
  if (std::strstr(name, ".seg"))
    return segment;
  if (std::strstr(name, ".db-wal"))
    return wal;
  return std::strstr(name, ".db") ? database : file;
}

unsigned port_in(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  return address.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port)
             : 0;
}

target of_ports(unsigned here, unsigned there) {
  if (there != 0 && there == page->upstream_port)
    return upstream;
  if (there != 0 && there == page->store_port)
    return store;
  return here == 0 ? nothing : here == page->admin_port ? admin : client;
}

target of_socket(int fd) {
  sockaddr_storage here{}, there{};
  socklen_t size = sizeof here;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&here), &size);
  size = sizeof there;
  ::getpeername(fd, reinterpret_cast<sockaddr*>(&there), &size);
  return of_ports(port_in(here), port_in(there));
}

target of(int fd) {
  struct stat facts {};
  if (!page || ::fstat(fd, &facts) != 0)
    return nothing;
  if (S_ISSOCK(facts.st_mode))
    return of_socket(fd);
  if (S_ISDIR(facts.st_mode))
    return folder;
  char link[64], path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = S_ISREG(facts.st_mode) ? ::readlink(link, path, sizeof path - 1) : -1;
  if (length < 0)
    return nothing;
  path[length] = 0;
  return of_path(path);
}

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;)
    ::pause();
}

// A call that is about to be made: errno where it fails, 0 where it is made.
struct passage {
  bool fatal = false;
  int error = 0;

  passage(call what, target to) {
    if (!page || to == nothing)
      return;
    page->counts[what][to].fetch_add(1);
    const std::uint32_t asked = page->what.load();
    if (asked == none || !(page->of_calls >> what & 1) || !(page->of_targets >> to & 1))
      return;
    if (page->passed.fetch_add(1) < page->skip)
      return;
    page->hit.fetch_add(1);
    if (asked == die_before)
      die();
    if (asked == delay) {
      const timespec pause{page->delay_us / 1'000'000, page->delay_us % 1'000'000 * 1000};
      ::nanosleep(&pause, nullptr);
    }
    fatal = asked == die_after;
    error = asked == fail ? page->error : 0;
  }

  template <class Real>
  auto make(const Real& call) -> decltype(call()) {
    if (error != 0) {
      errno = error;
      return -1;
    }
    const auto result = call();
    const int kept = errno;
    if (fatal)
      die();
    errno = kept;
    return result;
  }
};

call sending(target to) {
  return to >= client ? sends : writes;
}

} // namespace

extern "C" {

const char* faults_names() {
  return names;
}

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
  va_end(more);
  passage at(opens, flags & O_CREAT ? of_path(path) : nothing);
  return at.make([&] { return REAL(open)(path, flags, mode); });
}

int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
  va_end(more);
  passage at(opens, flags & O_CREAT ? of_path(path) : nothing);
  return at.make([&] { return REAL(open64)(path, flags, mode); });
}

int posix_fallocate(int fd, off_t from, off_t bytes) {
  passage at(allocates, of(fd));
  return at.error ? at.error : at.make([&] { return REAL(posix_fallocate)(fd, from, bytes); });
}

ssize_t write(int fd, const void* data, size_t size) {
  const target to = of(fd);
  passage at(sending(to), to);
  return at.make([&] { return REAL(write)(fd, data, size); });
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  const target to = of(fd);
  passage at(sending(to), to);
  return at.make([&] { return REAL(writev)(fd, pieces, count); });
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t from) {
  passage at(writes, of(fd));
  return at.make([&] { return REAL(pwrite)(fd, data, size, from); });
}

ssize_t pwrite64(int fd, const void* data, size_t size, off_t from) {
  passage at(writes, of(fd));
  return at.make([&] { return REAL(pwrite64)(fd, data, size, from); });
}

int fsync(int fd) {
  passage at(syncs, of(fd));
  return at.make([&] { return REAL(fsync)(fd); });
}

int fdatasync(int fd) {
  passage at(syncs, of(fd));
  return at.make([&] { return REAL(fdatasync)(fd); });
}

int msync(void* from, size_t size, int flags) {
  passage at(syncs, segment);
  return at.make([&] { return REAL(msync)(from, size, flags); });
}

int rename(const char* from, const char* to) {
  passage at(renames, of_path(to));
  return at.make([&] { return REAL(rename)(from, to); });
}

int unlink(const char* path) {
  passage at(removes, of_path(path));
  return at.make([&] { return REAL(unlink)(path); });
}

int truncate(const char* path, off_t size) {
  passage at(cuts, of_path(path));
  return at.make([&] { return REAL(truncate)(path, size); });
}

int ftruncate(int fd, off_t size) {
  passage at(cuts, of(fd));
  return at.make([&] { return REAL(ftruncate)(fd, size); });
}

int ftruncate64(int fd, off_t size) {
  passage at(cuts, of(fd));
  return at.make([&] { return REAL(ftruncate64)(fd, size); });
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
  passage at(sends, of(fd));
  return at.make([&] { return REAL(send)(fd, data, size, flags); });
}

ssize_t sendmsg(int fd, const msghdr* what, int flags) {
  passage at(sends, of(fd));
  return at.make([&] { return REAL(sendmsg)(fd, what, flags); });
}

ssize_t read(int fd, void* data, size_t size) {
  const target from = of(fd);
  passage at(receives, from >= client ? from : nothing);
  return at.make([&] { return REAL(read)(fd, data, size); });
}

ssize_t recv(int fd, void* data, size_t size, int flags) {
  passage at(receives, of(fd));
  return at.make([&] { return REAL(recv)(fd, data, size, flags); });
}

ssize_t recvmsg(int fd, msghdr* what, int flags) {
  passage at(receives, of(fd));
  return at.make([&] { return REAL(recvmsg)(fd, what, flags); });
}

int accept4(int fd, sockaddr* peer, socklen_t* size, int flags) {
  passage at(accepts, of(fd));
  return at.make([&] { return REAL(accept4)(fd, peer, size, flags); });
}

int accept(int fd, sockaddr* peer, socklen_t* size) {
  passage at(accepts, of(fd));
  return at.make([&] { return REAL(accept)(fd, peer, size); });
}

int connect(int fd, const sockaddr* peer, socklen_t size) {
  sockaddr_storage there{};
  std::memcpy(&there, peer, size < sizeof there ? size : sizeof there);
  passage at(connects, page ? of_ports(0, port_in(there)) : nothing);
  return at.make([&] { return REAL(connect)(fd, peer, size); });
}

int epoll_wait(int fd, epoll_event* events_found, int most, int timeout) {
  passage at(waits, events);
  return at.make([&] { return REAL(epoll_wait)(fd, events_found, most, timeout); });
}

int clock_gettime(clockid_t clock, timespec* now) {
  const int failed = REAL(clock_gettime)(clock, now);
  if (failed || clock != CLOCK_REALTIME || !page)
    return failed;
  constexpr std::int64_t second = 1'000'000'000;
  const std::int64_t moved =
      now->tv_sec * second + now->tv_nsec + page->clock_offset_ns.load(std::memory_order_relaxed);
  now->tv_sec = moved / second;
  now->tv_nsec = moved % second;
  return 0;
}

int gettimeofday(timeval* now, void*) {
  timespec exact{};
  ::clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* into) {
  timespec exact{};
  ::clock_gettime(CLOCK_REALTIME, &exact);
  if (into)
    *into = exact.tv_sec;
  return exact.tv_sec;
}
}
