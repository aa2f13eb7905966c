// When may a replaced key record be freed? Once every data thread has ended the loop turn in which
// it might have read it (quiescent-state-based reclamation). Readers pay two stores a loop turn.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace proxy::keys {

class epochs {
 public:
  epochs() = default;
  epochs(const epochs&) = delete;
  epochs& operator=(const epochs&) = delete;
  ~epochs(); // nobody reads any more: frees all that still waits

  // One per data thread; odd while a loop turn runs. What is protected must be loaded after enter()
  // and replaced before retire() with sequentially consistent operations: then either retire() sees
  // the turn, or the turn sees the replacement.
  class participant {
   public:
    void enter() { turn_.store(next(), std::memory_order_seq_cst); }
    void leave() { turn_.store(next(), std::memory_order_release); }

   private:
    friend class epochs;
    std::uint64_t next() const { return turn_.load(std::memory_order_relaxed) + 1; }
    alignas(64) std::atomic<std::uint64_t> turn_{0};
  };

  participant& join(); // for the process's lifetime
  // Frees by calling `destroy` at a later retire() or collect(), when no turn that ran during this
  // call still runs. Thread-safe.
  void retire(std::function<void()> destroy);
  void collect();

 private:
  struct retired {
    std::function<void()> destroy;
    std::vector<std::uint64_t> turns;
  };
  bool passed(const retired& item) const;
  std::mutex lock_;
  std::vector<std::unique_ptr<participant>> participants_;
  std::vector<retired> waiting_;
};

} // namespace proxy::keys
