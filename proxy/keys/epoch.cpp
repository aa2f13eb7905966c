// Reclamation: an item may go once every turn that ran at its retirement has ended.
#include "proxy/keys/epoch.hpp"

#include <algorithm>
#include <utility>

namespace proxy::keys {

epochs::~epochs() {
  for (const retired& item : waiting_)
    item.destroy();
}

epochs::participant& epochs::join() {
  const std::lock_guard guard(lock_);
  participants_.push_back(std::make_unique<participant>());
  return *participants_.back();
}

// Threads that joined later cannot have seen the item: it was unlinked before.
bool epochs::passed(const retired& item) const {
  for (std::size_t i = 0; i < item.turns.size(); ++i) {
    const bool was_running = item.turns[i] & 1;
    if (was_running && participants_[i]->turn_.load(std::memory_order_acquire) == item.turns[i])
      return false;
  }
  return true;
}

void epochs::retire(std::function<void()> destroy) {
  {
    const std::lock_guard guard(lock_);
    retired item{std::move(destroy), {}};
    for (const auto& each : participants_)
      item.turns.push_back(each->turn_.load(std::memory_order_seq_cst));
    waiting_.push_back(std::move(item));
  }
  collect();
}

void epochs::collect() {
  std::vector<retired> ready;
  {
    const std::lock_guard guard(lock_);
    const auto first = std::stable_partition(waiting_.begin(), waiting_.end(),
                                             [this](const retired& r) { return !passed(r); });
    ready.assign(std::make_move_iterator(first), std::make_move_iterator(waiting_.end()));
    waiting_.erase(first, waiting_.end());
  }
  for (const retired& item : ready)
    item.destroy();
}

} // namespace proxy::keys
