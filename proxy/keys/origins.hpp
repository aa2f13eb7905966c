// Which web origins any key may be used from: a browser's preflight carries no key, so it is
// answered from the union of all referrer lists; the request itself is judged by its own key's.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "policies/access/referrer_list.hpp"
#include "proxy/keys/key_directory.hpp"

namespace proxy::keys {

class origins {
 public:
  // Makes the union anew if a key changed since the last time. Linear in the number of keys: for a
  // background thread.
  void refresh(const key_directory& from);

  bool any_allows(std::string_view origin) const; // thread-safe

 private:
  struct list {
    bool everywhere = false; // a key without a list
    std::vector<policies::access::referrer_pattern> patterns;
  };
  std::uint64_t generation_ = UINT64_MAX;
  mutable std::mutex lock_;
  std::shared_ptr<const list> now_ = std::make_shared<const list>();
};

} // namespace proxy::keys
