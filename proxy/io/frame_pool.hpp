// Memory for coroutine frames and other short-lived blocks of one thread: freed blocks are kept by
// size class and handed out again, so that a warm request allocates nothing. A block must be freed
// on the thread that took it.
#pragma once

#include <array>
#include <cstddef>
#include <new>
#include <utility>

namespace proxy::io {

class frame_pool {
 public:
  static void* take(std::size_t bytes) {
    const std::size_t index = class_of(bytes);
    if (index >= class_count)
      return ::operator new(bytes);
    if (free_block* block = lists().heads[index]) {
      lists().heads[index] = block->next;
      return block;
    }
    return ::operator new((index + 1) * granule);
  }

  static void give(void* memory, std::size_t bytes) noexcept {
    const std::size_t index = class_of(bytes);
    if (index >= class_count)
      return ::operator delete(memory);
    lists().heads[index] = new (memory) free_block{lists().heads[index]};
  }

 private:
  struct free_block {
    free_block* next;
  };
  static constexpr std::size_t granule = 128;
  static constexpr std::size_t class_count = 64; // frames up to 8 KiB
  static constexpr std::size_t class_of(std::size_t bytes) { return (bytes - 1) / granule; }

  struct free_lists {
    std::array<free_block*, class_count> heads{};
    ~free_lists() {
      for (free_block* block : heads)
        while (block)
          ::operator delete(std::exchange(block, block->next));
    }
  };
  static free_lists& lists() {
    thread_local free_lists instance;
    return instance;
  }
};

} // namespace proxy::io
