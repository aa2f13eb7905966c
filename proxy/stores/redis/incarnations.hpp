// Which Redis processes may decide about limits. One that was started, promoted or found to have
// lost something decides nothing until it has been told again what it may lack (restorer.hpp).
// Data threads ask here; it does not know how a process is told.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "proxy/stores/redis/address.hpp"

namespace proxy::stores::redis {

class incarnations {
 public:
  using opening = const std::atomic<bool>*; // false for good once what it let through may be lost

  // Data threads, each with a connection that was just made: which process it leads to, by its
  // replication id. Whatever was known at the place before is no more.
  void met(const place& at, const std::string& replid);
  // Grows with each change of what follows.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // nullptr: not open. `known` false: it has been followed by another.
  opening open(const std::string& replid, bool& known) const;
  // It does not know what it should.
  void doubt(const place& at);
  // A proxy that has not told for long that it is there may be thought gone, and lets nothing
  // through.
  bool believed_there() const;

  // Of one thread, which restores: all places and what was met there.
  struct standing {
    place at;
    std::string replid;
    bool open = false;
    bool doubted = false; // since it was opened
  };
  std::vector<standing> all() const;
  void let(const std::string& replid);  // it may decide
  bool stop(const std::string& replid); // true: it could, until now
  void forget(const place& at);
  void was_told_of();
  // Before any met(). `sharded`: nobody is ever thought gone.
  void start(bool sharded, std::function<void()> wake) {
    sharded_ = sharded;
    wake_ = std::move(wake);
  }

 private:
  struct process {
    std::string replid;
    std::atomic<bool>* open = nullptr;
    bool doubted = false;
  };
  std::atomic<bool>* close(process& one);

  mutable std::mutex lock_;
  std::map<place, process> by_place_;
  std::deque<std::atomic<bool>> openings_; // requests point to them; a few bytes for each incident
  std::atomic<std::uint64_t> version_{1};
  std::atomic<std::int64_t> told_at_ms_{0}; // steady clock
  std::function<void()> wake_;
  bool sharded_ = false;
};

} // namespace proxy::stores::redis
