// The ledger's row: fixed-size, sequence-numbered, checksummed, little-endian, written by memory
// store into a mapped segment. Two entries tell a dispatched request: the intent, right before its
// first byte goes upstream, and the outcome, once.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "policies/types.hpp"

namespace proxy::journal {

enum class entry_kind : std::uint8_t {
  intent = 1,  // about to be dispatched, holding this much
  outcome = 2, // what became of it
  tally = 3,   // refusals of one key and code since the last tally: `count` of them
};

enum class ending : std::uint8_t {
  complete = 0,        // a whole answer with usage (or a route without usage)
  no_usage = 1,        // 2xx without usage: charged the bound
  cut = 2,             // the upstream broke off: charged the bound
  refused = 3,         // a complete answer with status >= 400: nothing charged
  client_gone = 4,     // client left; drained to the usage
  client_gone_cut = 5, // client left; usage never seen: charged the bound
  not_dispatched = 6,  // never connected or nothing written: not a request upstream saw
  interrupted = 7,     // our own crash: charged the bound
  expired = 8,         // passed request_lifetime_max: charged the bound
  kept = 9,            // answered with what an equal request was answered: not asked, not charged
};
// Whether the upstream was asked, so that limits count it.
constexpr bool was_dispatched(ending e) {
  return e != ending::not_dispatched && e != ending::kept;
}
std::string_view name_of(ending e);

struct entry {
  std::uint32_t crc = 0; // CRC32C of all bytes after this field
  entry_kind kind{};
  std::uint8_t version = 1;
  ending end{};
  std::uint8_t feature = 0;    // policies::access::feature
  std::uint64_t sequence = 0;  // 1, 2, 3 ... within a lane
  std::int64_t time_ms = 0;    // when the entry was written
  std::int64_t started_ms = 0; // when the hold was made: decides the money windows
  std::array<std::uint8_t, 16> request{};
  std::uint64_t key = 0;
  std::int64_t hold_nano = 0;      // intent and outcome: the bound
  std::int64_t hold_tokens = 0;    // the true token bound (not the adaptive estimate)
  std::int64_t cost_nano = 0;      // outcome: what was charged
  std::int64_t charged_tokens = 0; // outcome: what the token meter was charged
  std::int64_t cached_tokens = 0;
  std::int64_t prompt_tokens = 0; // not cached
  std::int64_t output_tokens = 0;
  std::int64_t reasoning_tokens = 0;
  std::uint32_t first_byte_ms = 0; // from dispatch to the answer's first byte
  std::uint32_t total_ms = 0;      // from head read to last byte
  std::uint32_t overhead_us = 0;   // time this proxy added before dispatch
  std::uint32_t count = 0;  // tally: how many; else the node's lease it was admitted from, 0: none
  std::uint16_t status = 0; // of the answer; tally: the refusal's status
  std::uint8_t refusal = 0; // tally: policies::admission::refusal_code
  std::uint8_t stream = 0;
  std::array<char, 52>
      model{}; // intent: as asked (after aliasing); outcome: as answered; cut to fit
};
static_assert(sizeof(entry) == 192, "three cache lines, no padding");
static_assert(std::is_trivially_copyable_v<entry>);

std::uint32_t checksum_of(const entry& e);
void set_model(entry& e, std::string_view model);
std::string_view model_of(const entry& e);

} // namespace proxy::journal
