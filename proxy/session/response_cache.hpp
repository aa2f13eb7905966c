// Answers kept for equal requests of the same key (cache_ttl_s), in one process's memory, within a
// bound of bytes: the least recently used make room. A restart forgets them.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>

#include "proxy/session/repeats.hpp"

namespace proxy::session {

// Thread-safe. Asked only for keys that keep answers.
class response_cache {
 public:
  // Of the key with the versions of its chain, the path and the body: nothing is shared by keys.
  using digest = repeated_answers::digest;
  explicit response_cache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  std::shared_ptr<const kept_answer> find(const digest& request, policies::instant now);
  void keep(const digest& request, std::shared_ptr<const kept_answer> answer,
            policies::instant until);
  std::size_t bytes() const;

 private:
  struct entry {
    digest request{};
    std::shared_ptr<const kept_answer> answer;
    policies::instant until;
    std::size_t bytes = 0;
  };
  using order = std::list<entry>; // the last used first
  void drop(order::iterator which);

  std::size_t bytes_max_;
  mutable std::mutex lock_;
  order entries_;
  std::map<digest, order::iterator> by_request_;
  std::size_t bytes_ = 0;
};

} // namespace proxy::session
