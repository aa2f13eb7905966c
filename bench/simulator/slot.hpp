// The account's concurrency: how many inferences of a model family run at once. Knows a counter.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace simulator {

// One of the account's concurrent requests. Released before the answer's last byte, so that who
// has the answer may send the next request at once.
class slot {
 public:
  explicit slot(std::atomic<std::int64_t>& counter)
      : counter_(&counter), number_(counter.fetch_add(1) + 1) {}
  ~slot() { release(); }
  slot(const slot&) = delete;
  slot& operator=(const slot&) = delete;
  std::int64_t number() const { return number_; }
  void release() {
    if (counter_)
      std::exchange(counter_, nullptr)->fetch_sub(1);
  }

 private:
  std::atomic<std::int64_t>* counter_;
  std::int64_t number_;
};

} // namespace simulator
