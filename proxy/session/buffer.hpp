// Memory of requests in flight: blocks of one size from the thread's free list for heads and
// streams, and a growing buffer, charged to a budget of the whole process, for bodies.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy::session {

inline constexpr std::size_t block_bytes = 16 * 1024;
// Of a request as it comes in: a prompt of usual length is there, in one place, after one read.
inline constexpr std::size_t request_block_bytes = 32 * 1024;

// Blocks of one size, kept for reuse up to a bound. One per thread. Each is a little larger than
// its size: with a power of two between them, the beginnings of all blocks, which is what most
// requests use of them, would compete for the same few lines of the processor's caches.
template <std::size_t Bytes>
class block_pool {
 public:
  std::unique_ptr<char[]> take() {
    if (free_.empty())
      return std::unique_ptr<char[]>(new char[Bytes + apart]);
    auto block = std::move(free_.back());
    free_.pop_back();
    return block;
  }
  void give(std::unique_ptr<char[]> block) {
    if (block && free_.size() < kept_max)
      free_.push_back(std::move(block));
  }

 private:
  static constexpr std::size_t apart = 17 * 64;
  static constexpr std::size_t kept_max = 16 * 1024 * 1024 / Bytes;
  std::vector<std::unique_ptr<char[]>> free_;
};

// Bytes of all bodies in flight, over all threads.
class byte_budget {
 public:
  explicit byte_budget(std::size_t bytes_max) : left_(static_cast<std::int64_t>(bytes_max)) {}
  bool take(std::size_t bytes) {
    const auto wanted = static_cast<std::int64_t>(bytes);
    if (left_.fetch_sub(wanted, std::memory_order_relaxed) >= wanted)
      return true;
    left_.fetch_add(wanted, std::memory_order_relaxed);
    return false;
  }
  void give(std::size_t bytes) {
    left_.fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
  }

 private:
  std::atomic<std::int64_t> left_;
};

// A body: grows by doubling as bytes truly arrive, so that a promised length reserves nothing.
class body_buffer {
 public:
  body_buffer() = default;
  body_buffer(const body_buffer&) = delete;
  body_buffer& operator=(const body_buffer&) = delete;
  ~body_buffer() { release(); }

  // Room for at least one more byte, at most `expected_total` in all; empty: the budget is spent.
  std::span<char> room(byte_budget& budget, std::size_t expected_total) {
    if (used_ == capacity_ && !grow(budget, expected_total))
      return {};
    return {data_ + used_, capacity_ - used_};
  }
  void filled(std::size_t bytes) { used_ += bytes; }
  std::string_view view() const { return {data_, used_}; }
  std::size_t size() const { return used_; }

  void release() {
    if (!data_)
      return;
    std::free(data_);
    budget_->give(capacity_);
    data_ = nullptr;
    used_ = capacity_ = 0;
  }

 private:
  bool grow(byte_budget& budget, std::size_t expected_total) {
    constexpr std::size_t first = 64 * 1024;
    std::size_t wanted = capacity_ == 0 ? first : capacity_ * 2;
    if (expected_total > used_ && wanted > expected_total)
      wanted = expected_total;
    if (!budget.take(wanted - capacity_))
      return false;
    auto* grown = static_cast<char*>(std::realloc(data_, wanted));
    if (!grown)
      return budget.give(wanted - capacity_), false;
    data_ = grown;
    capacity_ = wanted;
    budget_ = &budget;
    return true;
  }

  char* data_ = nullptr;
  std::size_t used_ = 0;
  std::size_t capacity_ = 0;
  byte_budget* budget_ = nullptr;
};

} // namespace proxy::session
