// A lane: one thread's journal of one process lifetime. append() is a memory store into a mapped,
// fully allocated segment: no system call, no lock, survives kill -9. Segments are allocated ahead
// by the keeper's thread; when the disk is full there is no room and the caller answers 503.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "proxy/error.hpp"
#include "proxy/journal/entry.hpp"

namespace proxy::journal {

struct segment; // a mapped file
class keeper;
class upkeep;

class lane {
 public:
  lane(keeper& owner, std::uint64_t id);
  ~lane();

  std::uint64_t id() const { return id_; }

  // Whether an intent can be accepted: room for it, and for the outcome of it and of every intent
  // still open, is allocated on disk. O(1).
  bool room_for_intent() const;

  // Assigns sequence and checksum and publishes the entry to readers. Never fails after
  // room_for_intent() said so for its request; outcomes always have room. Owning thread only.
  void append(entry e);

  // The last sequence that readers may read.
  std::uint64_t published() const { return published_.load(std::memory_order_acquire); }

 private:
  friend class keeper;
  friend class upkeep;
  keeper& owner_;
  std::uint64_t id_;
  std::atomic<std::uint64_t> published_{0};
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace proxy::journal
