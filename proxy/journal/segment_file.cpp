// Segment files without mapping them: reading and judging them, sealing them, and the few entries
// that recovery writes.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "proxy/journal/segment_format.hpp"

namespace proxy::journal {
namespace {

struct open_file {
  int descriptor;
  open_file(const std::filesystem::path& path, int flags)
      : descriptor(::open(path.c_str(), flags | O_CLOEXEC)) {}
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() {
    if (descriptor >= 0)
      ::close(descriptor);
  }
};

failure unreadable(const std::filesystem::path& path, int error) {
  return {errc::data_directory_unusable,
          fmt::format("cannot read journal segment {}: {}. It must belong to the user the proxy "
                      "runs as, with mode 0600",
                      path.string(), std::strerror(error))};
}

// As many whole bytes as the file has from `at` on; -1 and errno.
ssize_t read_at(int descriptor, std::span<std::byte> out, std::size_t at) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        ::pread(descriptor, out.data() + done, out.size() - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return -1;
    if (got == 0)
      break;
    done += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(done);
}

int write_at(const std::filesystem::path& path, std::span<const std::byte> bytes, std::size_t at) {
  const open_file file{path, O_WRONLY};
  if (file.descriptor < 0)
    return errno;
  while (!bytes.empty()) {
    const ssize_t put =
        ::pwrite(file.descriptor, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      return put < 0 ? errno : EIO;
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    at += static_cast<std::size_t>(put);
  }
  return 0;
}

bool all_zero(int descriptor, std::size_t size) {
  std::array<std::byte, 65536> buffer;
  for (std::size_t at = 0; at < size;) {
    const ssize_t got = read_at(descriptor, buffer, at);
    if (got <= 0)
      return false;
    for (ssize_t i = 0; i < got; ++i)
      if (buffer[static_cast<std::size_t>(i)] != std::byte{})
        return false;
    at += static_cast<std::size_t>(got);
  }
  return true;
}

// More than any lane can have written, and twice what the largest file holds.
constexpr std::uint64_t sequence_max = std::uint64_t{1} << 56;
constexpr std::uint32_t capacity_max = (std::uint32_t{2} << 30) / sizeof(entry);

std::string fault_in(const disk_header& header, const std::filesystem::path& path) {
  if (header.magic != segment_magic)
    return "it does not start like a journal segment";
  if (header.crc != checksum_before_crc(header))
    return "its header's checksum is wrong";
  if (header.first == 0 || header.first >= sequence_max || header.capacity == 0 ||
      header.capacity > capacity_max)
    return "its header makes no sense";
  if (path.filename() != segment_name(header.lane, header.number))
    return "its header belongs to " + segment_name(header.lane, header.number);
  return {};
}

std::optional<seal> seal_in(const disk_seal& found, const disk_header& header) {
  if (found.crc != checksum_before_crc(found))
    return std::nullopt;
  if (found.last + 1 < header.first || found.last >= header.first + header.capacity)
    return std::nullopt;
  return seal{found.last, found.oldest_ms, found.newest_ms, found.closes_lane != 0};
}

} // namespace

std::string segment_name(std::uint64_t lane, std::uint32_t number) {
  return fmt::format("lane-{:016x}-{:08}.seg", lane, number);
}

outcome<inspection> inspect(const std::filesystem::path& path) {
  const open_file file{path, O_RDONLY};
  struct stat facts {};
  if (file.descriptor < 0 || ::fstat(file.descriptor, &facts) != 0)
    return unreadable(path, errno);
  inspection found;
  found.info.path = path;
  found.info.bytes = static_cast<std::size_t>(facts.st_size);
  std::array<std::byte, header_bytes> head{};
  const ssize_t got = read_at(file.descriptor, head, 0);
  if (got < 0)
    return unreadable(path, errno);
  disk_header header;
  disk_seal closing;
  std::memcpy(&header, head.data(), sizeof header);
  std::memcpy(&closing, head.data() + seal_offset, sizeof closing);
  if (static_cast<std::size_t>(got) < head.size())
    found.why = fmt::format("it has only {} bytes", got);
  else
    found.why = fault_in(header, path);
  if (!found.why.empty()) {
    const bool blank = got > 0 && all_zero(file.descriptor, found.info.bytes);
    found.state = blank ? soundness::blank : soundness::damaged;
    return found;
  }
  if (header.version != segment_version || header.entry_bytes != sizeof(entry))
    return failure{errc::journal_corrupt,
                   fmt::format("journal segment {} has format {}, this version reads {}: start the "
                               "version that wrote it, or move the file elsewhere",
                               path.string(), header.version, segment_version)};
  found.info.lane = header.lane;
  found.info.number = header.number;
  found.info.first = header.first;
  found.info.capacity = header.capacity;
  found.info.sealed = seal_in(closing, header);
  return found;
}

bool is_empty(const entry& slot) {
  std::uint64_t start = 0;
  std::memcpy(&start, &slot, sizeof start);
  return start == 0;
}

bool is_sound(const entry& slot, std::uint64_t sequence) {
  return slot.sequence == sequence && slot.crc == checksum_of(slot);
}

int write_seal(segment_info& info, const seal& what) {
  disk_seal bytes{what.last, what.oldest_ms, what.newest_ms, what.closes_lane ? 1u : 0u, 0};
  bytes.crc = checksum_before_crc(bytes);
  const int error = write_at(info.path, std::as_bytes(std::span{&bytes, 1}), seal_offset);
  if (error == 0)
    info.sealed = what;
  return error;
}

int write_entries(const segment_info& info, std::uint64_t first, std::span<const entry> entries) {
  return write_at(info.path, std::as_bytes(entries),
                  header_bytes + (first - info.first) * sizeof(entry));
}

int shrink(segment_info& info) {
  const std::size_t bytes = header_bytes + (info.sealed->last + 1 - info.first) * sizeof(entry);
  if (bytes >= info.bytes)
    return 0;
  if (const int error = sync_file(info.path); error != 0)
    return error;
  if (::truncate(info.path.c_str(), static_cast<off_t>(bytes)) != 0)
    return errno;
  info.bytes = bytes;
  return 0;
}

int sync_file(const std::filesystem::path& path) {
  const open_file file{path, O_RDONLY};
  return file.descriptor >= 0 && ::fsync(file.descriptor) == 0 ? 0 : errno;
}

outcome<std::size_t> read_slots(const segment_info& info, std::size_t from, std::span<entry> out) {
  const open_file file{info.path, O_RDONLY};
  if (file.descriptor < 0)
    return unreadable(info.path, errno);
  const std::size_t slots = info.slots();
  if (from >= slots)
    return std::size_t{0};
  const ssize_t got = read_at(file.descriptor,
                              std::as_writable_bytes(out.first(std::min(out.size(), slots - from))),
                              header_bytes + from * sizeof(entry));
  if (got < 0)
    return unreadable(info.path, errno);
  return static_cast<std::size_t>(got) / sizeof(entry);
}

} // namespace proxy::journal
