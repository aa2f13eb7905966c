// Collecting the union: each pattern once, only of keys that can be used.
#include "proxy/keys/origins.hpp"

#include <algorithm>

namespace proxy::keys {

void origins::refresh(const key_directory& from) {
  const std::uint64_t generation = from.generation();
  if (generation == generation_)
    return;
  generation_ = generation;
  auto fresh = std::make_shared<list>();
  from.for_each([&](key_slot& slot) {
    const auto* record = slot.record.load();
    if (record->status != policies::keys::key_status::active || record->secrets.empty() ||
        record->role)
      return;
    if (record->allowed_referrers.empty())
      fresh->everywhere = true;
    for (const auto& pattern : record->allowed_referrers)
      if (std::ranges::find(fresh->patterns, pattern) == fresh->patterns.end())
        fresh->patterns.push_back(pattern);
  });
  const std::lock_guard guard(lock_);
  now_ = std::move(fresh);
}

bool origins::any_allows(std::string_view origin) const {
  std::shared_ptr<const list> known;
  {
    const std::lock_guard guard(lock_);
    known = now_;
  }
  return known->everywhere || std::ranges::any_of(known->patterns, [&](const auto& pattern) {
           return policies::access::matches_origin(pattern, origin);
         });
}

} // namespace proxy::keys
