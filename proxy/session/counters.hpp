// What a thread counts for /metrics: one writer, any reader, no contention. Sums over threads are
// made when somebody asks.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

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
  counter tls_handshakes;
  counter tls_resumed;
  counter tls_failures; // handshakes
  counter bytes_to_clients;
  counter settled_nano_usd;
  std::array<counter, 6> answers_by_class; // [2] 2xx ... [5] 5xx, of all answers
  static constexpr std::size_t refusal_codes = 32;
  std::array<counter, refusal_codes> refusals; // by admission::refusal_code
};

} // namespace proxy::session
