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
  // One per data thread; odd while a loop turn runs.
  class participant {
   public:
    void enter() { turn_.store(turn_.load(std::memory_order_relaxed) + 1, std::memory_order_seq_cst); }
    void leave() { turn_.store(turn_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

   private:
    friend class epochs;
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
