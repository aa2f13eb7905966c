// What a thread counts for /metrics: one writer, any reader, no contention. Sums over threads are
// made when somebody asks.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "proxy/journal/entry.hpp"

namespace proxy::session {

class counter {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Powers of two: [0] is 0, [i] is below 2^i, the last one has no end.
struct histogram {
  static constexpr std::size_t buckets = 24;
  std::array<counter, buckets> counts;
  counter sum;
  void add(std::uint64_t value) {
    counts[std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(value)), buckets - 1)]
        .add();
    sum.add(value);
  }
};

struct counters {
  counter connections_opened;
  counter connections_closed;
  counter requests;          // heads read, of any kind
  counter dispatched;        // sent upstream
  counter unauthenticated;   // refused without a known key
  counter malformed;         // refused by the gate
  counter upstream_failures; // 502 and 504 of ours
  counter upstream_refusals; // upstream's 401 and 402
  counter replayed;          // answered with what an Idempotency-Key's first request got
  counter key_failovers;     // asked again with another real key
  counter overruns;          // billed above the hold: a pricing bug
  counter bytes_to_clients;
  counter settled_nano_usd;
  counter held_nano_usd;     // by requests that were admitted, in all
  counter released_nano_usd; // of it, by requests that have ended
  counter upstream_opened;   // connections
  counter upstream_reused;   // requests that found one open
  counter cache_hits;
  counter cache_misses;
  counter waited;         // in line for a rate limit
  counter waited_in_vain; // of them, refused in the end
  counter cached_tokens;
  counter prompt_tokens;
  counter output_tokens;
  counter reasoning_tokens; // of the output
  static constexpr std::size_t endings = 16;
  std::array<counter, endings> ended; // by journal::ending
  histogram first_byte_ms;
  histogram total_ms;
  histogram overhead_us;
  std::array<counter, 6> answers_by_class; // [2] 2xx ... [5] 5xx, of all answers
  static constexpr std::size_t refusal_codes = 32;
  std::array<counter, refusal_codes> refusals; // by admission::refusal_code

  // What the ledger is told of a request, once.
  void note(const journal::entry& outcome) {
    ended[static_cast<std::size_t>(outcome.end) % endings].add();
    total_ms.add(outcome.total_ms);
    if (!journal::was_dispatched(outcome.end))
      return;
    overhead_us.add(outcome.overhead_us);
    if (outcome.status != 0)
      first_byte_ms.add(outcome.first_byte_ms);
    cached_tokens.add(static_cast<std::uint64_t>(outcome.cached_tokens));
    prompt_tokens.add(static_cast<std::uint64_t>(outcome.prompt_tokens));
    output_tokens.add(static_cast<std::uint64_t>(outcome.output_tokens));
    reasoning_tokens.add(static_cast<std::uint64_t>(outcome.reasoning_tokens));
  }
};

} // namespace proxy::session
