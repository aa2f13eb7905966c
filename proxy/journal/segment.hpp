// A segment file: its format on disk, and the file mapped for the one lane that writes it. A slot
// whose first eight bytes are zero holds nothing; they are stored last, in one instruction, so that
// a killed process leaves whole entries only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "proxy/error.hpp"
#include "proxy/journal/entry.hpp"

namespace proxy::journal {

inline constexpr std::size_t header_bytes = sizeof(entry); // keeps slots on cache lines

// What is known of a segment once nothing more is written to it; lies in its header.
struct seal {
  std::uint64_t last = 0; // sequence of its last entry
  std::int64_t oldest_ms = 0;
  std::int64_t newest_ms = 0;
  bool closes_lane = false; // the lane ends here and every intent has its outcome
};

// What the header tells.
struct segment_info {
  std::filesystem::path path;
  std::uint64_t lane = 0;
  std::uint32_t number = 0;
  std::uint64_t first = 1;  // sequence of slot 0
  std::size_t capacity = 0; // slots it was made with
  std::size_t bytes = 0;    // of the file, now
  std::optional<seal> sealed;

  // Slots the file really has: fewer than capacity once closed, or when somebody cut it.
  std::size_t slots() const {
    return bytes < header_bytes ? 0 : std::min(capacity, (bytes - header_bytes) / sizeof(entry));
  }
  std::uint64_t end() const { return first + capacity; } // one past its last possible sequence
};

// Reserves a descriptor's first `bytes` on disk: 0 or an errno. posix_fallocate, or a test's.
using allocator = std::function<int(int descriptor, std::int64_t bytes)>;

struct segment_spec {
  std::filesystem::path directory;
  std::uint64_t lane = 0;
  std::uint32_t number = 0;
  std::uint64_t first = 1;
  std::size_t bytes = 0;
  std::int64_t created_ms = 0;
};
std::string segment_name(std::uint64_t lane, std::uint32_t number);

// Files in the directory that are not (or no more) segments of ours.
enum class soundness {
  sound,
  blank,   // allocated, never written, not even a header: power went in that moment
  damaged, // not a header of ours, or not this file's
};
struct inspection {
  soundness state = soundness::sound;
  segment_info info;
  std::string why; // damaged: in words
};
// Fails where the file cannot be read, or was written by a later version.
outcome<inspection> inspect(const std::filesystem::path& path);

bool is_empty(const entry& slot);
bool is_sound(const entry& slot, std::uint64_t sequence);

// A file mapped for writing.
struct segment {
  segment_info info;
  int descriptor = -1;
  std::byte* base = nullptr;

  // Made under another name and renamed, so that a name with .seg always has its header.
  static outcome<std::unique_ptr<segment>> create(const segment_spec& spec,
                                                  const allocator& allocate);
  segment() = default;
  segment(const segment&) = delete;
  segment& operator=(const segment&) = delete;
  ~segment();

  std::byte* slot(std::size_t index) const { return base + header_bytes + index * sizeof(entry); }
  static void store(std::byte* slot, const entry& e);

  // Waits until the slots of [from, until) are on disk; 0 or an errno. Header included with slot 0.
  int sync(std::size_t from, std::size_t until) const;
  // Has the pages of the next slots ready for stores. Without it they are just slower.
  void touch(std::size_t from) const;
};

// These go to the file without mapping it; 0 or an errno. A seal needs no sync: where it is missing
// the segment is read again.
int write_seal(segment_info& info, const seal& what);
int write_entries(const segment_info& info, std::uint64_t first, std::span<const entry> entries);
// Gives back the disk space after the seal's last entry; syncs the seal first, for a short file
// without one looks damaged.
int shrink(segment_info& info);
int sync_file(const std::filesystem::path& path); // or a directory, for the names in it

// Slots [from, from + out.size()) of a file, fewer at its end. Never a fault: a bad disk is an
// error.
outcome<std::size_t> read_slots(const segment_info& info, std::size_t from, std::span<entry> out);

} // namespace proxy::journal
