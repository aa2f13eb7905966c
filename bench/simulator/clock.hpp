// The simulator's pretended time and its seeded chance: the only sources of either for bills.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "bench/simulator/prices.hpp"

namespace simulator {

// Runs from a settable instant at a settable speed (0: stands still). Thread-safe.
class sim_clock {
 public:
  sim_clock() { set_real(); }

  void set(instant now, double speed) {
    const std::lock_guard lock(mutex_);
    base_ = now;
    since_ = std::chrono::steady_clock::now();
    speed_ = speed;
  }
  void set_real() {
    set(std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()), 1.0);
  }
  instant now() const {
    const std::lock_guard lock(mutex_);
    const std::chrono::duration<double, std::milli> passed =
        std::chrono::steady_clock::now() - since_;
    return base_ + std::chrono::milliseconds{static_cast<std::int64_t>(passed.count() * speed_)};
  }

 private:
  mutable std::mutex mutex_;
  instant base_{};
  std::chrono::steady_clock::time_point since_;
  double speed_ = 1.0;
};

// Microseconds of the machine's monotonic clock, which other programs can compare with theirs.
inline std::int64_t monotonic_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

// Chance that depends on the seed and on which request asks, never on thread interleaving.
class dice {
 public:
  dice(std::uint64_t seed, std::uint64_t request) : state_(seed ^ (request * 0x9E3779B97F4A7C15u)) {
    next();
  }
  // splitmix64, by Sebastiano Vigna (public domain).
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  // In [0, 1).
  double share() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

} // namespace simulator
