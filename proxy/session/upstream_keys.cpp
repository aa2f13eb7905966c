// Choosing among the fit.
#include "proxy/session/upstream_keys.hpp"

#include <algorithm>

namespace proxy::session {

void upstream_keys::add(std::string first, int weight) {
  keys_.emplace_back(std::move(first), weight, readers_);
}

void upstream_keys::rest(std::size_t index, policies::instant until) {
  keys_[index].resting_until_ms.store(until.time_since_epoch().count(), std::memory_order_relaxed);
}

std::optional<std::size_t> upstream_keys::choose(turns& at, std::uint32_t tried,
                                                 policies::instant now) const {
  if (keys_.size() == 1)
    return tried == 0 ? std::optional<std::size_t>{0} : std::nullopt;
  const std::int64_t now_ms = now.time_since_epoch().count();
  std::optional<std::size_t> best;
  int total = 0;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if ((tried >> i & 1) != 0 || keys_[i].resting_until_ms.load(std::memory_order_relaxed) > now_ms)
      continue;
    total += keys_[i].weight;
    at.credit[i] += keys_[i].weight;
    if (!best || at.credit[i] > at.credit[*best])
      best = i;
  }
  if (best)
    at.credit[*best] -= total;
  else if (tried == 0)
    best = static_cast<std::size_t>(
        std::ranges::min_element(
            keys_, {},
            [](const one& key) { return key.resting_until_ms.load(std::memory_order_relaxed); }) -
        keys_.begin());
  return best;
}

} // namespace proxy::session
