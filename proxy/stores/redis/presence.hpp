// Who is there beside this proxy, by what each tells Redis. Limits may be divided once every other
// one has counted this one: before, it has no part of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

namespace proxy::stores::redis {

struct presence {
  std::atomic<std::int64_t> dividing{0}; // among so many; 0: not yet known to all

  // What one saw in Redis: a node and when it last told, by Redis's clock.
  struct seen {
    std::string_view node;
    std::int64_t told_ms;
  };
  struct counted {
    std::int64_t there = 1; // that told lately
    std::int64_t among = 0; // what `dividing` is to be
  };
  // `now_ms`: by Redis's clock, read before this node told; the others' were, too. `all`: read
  // after it told.
  counted count(std::string_view self, std::int64_t now_ms, std::span<const seen> all);

 private:
  // All by Redis's clock.
  std::int64_t last_ms_ = 0;  // when this one told last
  std::int64_t known_ms_ = 0; // since then, whoever tells has seen this one; 0: nobody need have
};

} // namespace proxy::stores::redis
