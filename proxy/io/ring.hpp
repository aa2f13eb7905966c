// Values handed from one thread to one other: a ring of fixed size that the writer fills in place
// and the reader empties, without lock, allocation or system call. It never waits: who finds no
// room counts that and goes on.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace proxy::io {

template <class T>
class ring {
  static_assert(std::is_trivially_copyable_v<T>, "a place is filled anew each time");

 public:
  // At least so many places.
  explicit ring(std::size_t places)
      : mask_(std::bit_ceil(places) - 1), places_(std::make_unique_for_overwrite<T[]>(mask_ + 1)) {}

  std::size_t capacity() const { return mask_ + 1; }

  // The writer's: where the next value goes, which holds whatever it held; null: there is no room.
  T* room() {
    if (next_ - known_read_ > mask_) {
      known_read_ = read_.load(std::memory_order_acquire);
      if (next_ - known_read_ > mask_)
        return nullptr;
    }
    return &places_[next_ & mask_];
  }
  // The writer's: the value in room() may be read. Whether the ring has just become half full: then
  // the reader should be woken if it sleeps.
  bool publish() {
    written_.store(++next_, std::memory_order_release);
    const std::uint64_t half = (mask_ + 1) / 2;
    if (next_ - known_read_ < half)
      return false;
    known_read_ = read_.load(std::memory_order_acquire);
    return next_ - known_read_ == half;
  }

  // The reader's: `take` is given what was there at the time of the call, in order; how many.
  template <class Take>
  std::size_t drain(Take take) {
    const std::uint64_t first = read_.load(std::memory_order_relaxed);
    const std::uint64_t end = written_.load(std::memory_order_acquire);
    for (std::uint64_t at = first; at != end; ++at) {
      take(places_[at & mask_]);
      read_.store(at + 1, std::memory_order_release);
    }
    return end - first;
  }

 private:
  static constexpr std::size_t line = 64; // of a cache: writer and reader keep out of each other's

  const std::size_t mask_;
  const std::unique_ptr<T[]> places_;
  alignas(line) std::uint64_t next_ = 0; // the writer's
  std::uint64_t known_read_ = 0;         // where the reader was when the writer last looked
  alignas(line) std::atomic<std::uint64_t> written_{0};
  alignas(line) std::atomic<std::uint64_t> read_{0};
};

} // namespace proxy::io
