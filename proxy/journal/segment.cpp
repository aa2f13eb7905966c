// Making, mapping and syncing the file a lane writes.
#include "proxy/journal/segment.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "proxy/journal/segment_format.hpp"

namespace proxy::journal {
namespace {

// What is kept ready for stores: ahead of 5,400 entries within one sync interval.
constexpr std::size_t touch_bytes = 1u << 20;
constexpr std::size_t page = 4096;

failure cannot_allocate(const segment_spec& spec, int error) {
  return {errc::journal_full,
          fmt::format("cannot allocate a journal segment of {} bytes in {}: {}. Free disk space "
                      "(or raise the quota, or remount it writable); requests are answered 503 "
                      "until then",
                      spec.bytes, spec.directory.string(), std::strerror(error))};
}

int fill(int descriptor, const segment_spec& spec, const allocator& allocate, std::size_t slots) {
  const auto bytes = static_cast<std::int64_t>(spec.bytes);
  const int error =
      allocate ? allocate(descriptor, bytes) : ::posix_fallocate(descriptor, 0, bytes);
  if (error != 0)
    return error;
  const disk_header header = make_header(spec, slots);
  if (::pwrite(descriptor, &header, sizeof header, 0) != sizeof header)
    return errno ? errno : EIO;
  return 0;
}

} // namespace

outcome<std::unique_ptr<segment>> segment::create(const segment_spec& spec,
                                                  const allocator& allocate) {
  const std::filesystem::path path = spec.directory / segment_name(spec.lane, spec.number);
  const std::filesystem::path draft = path.string() + ".tmp";
  auto made = std::make_unique<segment>();
  const std::size_t slots = (spec.bytes - header_bytes) / sizeof(entry);
  made->info = {path, spec.lane, spec.number, spec.first, slots, spec.bytes, {}};
  made->descriptor = ::open(draft.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (made->descriptor < 0)
    return cannot_allocate(spec, errno);
  int error = fill(made->descriptor, spec, allocate, slots);
  if (error == 0) {
    void* at = ::mmap(nullptr, spec.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, made->descriptor, 0);
    if (at == MAP_FAILED)
      error = errno;
    else
      made->base = static_cast<std::byte*>(at);
  }
  if (error == 0 && ::rename(draft.c_str(), path.c_str()) != 0)
    error = errno;
  if (error != 0) {
    ::unlink(draft.c_str());
    return cannot_allocate(spec, error);
  }
  made->touch(0);
  return made;
}

segment::~segment() {
  if (base != nullptr)
    ::munmap(base, info.bytes);
  if (descriptor >= 0)
    ::close(descriptor);
}

void segment::store(std::byte* slot, const entry& e) {
  const auto* from = reinterpret_cast<const std::byte*>(&e);
  std::memcpy(slot + sizeof(std::uint64_t), from + sizeof(std::uint64_t),
              sizeof(entry) - sizeof(std::uint64_t));
  std::uint64_t start = 0;
  std::memcpy(&start, from, sizeof start);
  std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(slot))
      .store(start, std::memory_order_release);
}

int segment::sync(std::size_t from, std::size_t until) const {
  const std::size_t begin = from == 0 ? 0 : (header_bytes + from * sizeof(entry)) / page * page;
  const std::size_t end = std::min(info.bytes, header_bytes + until * sizeof(entry));
  return ::msync(base + begin, end - begin, MS_SYNC) == 0 ? 0 : errno;
}

// A synced page is write-protected again by the kernel; its next store would fault, and may wait
// there for the file system's journal. So the faults are taken here, by the background thread.
void segment::touch(std::size_t from) const {
#ifdef MADV_POPULATE_WRITE
  const std::size_t begin = (header_bytes + from * sizeof(entry)) / page * page;
  if (begin >= info.bytes)
    return;
  ::madvise(base + begin, std::min(touch_bytes, info.bytes - begin), MADV_POPULATE_WRITE);
#else
  static_cast<void>(from);
#endif
}

} // namespace proxy::journal
