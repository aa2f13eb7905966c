// What the simulated account owes: one row a request, and totals by model, date and hour. Knows
// tokens and money; knows nothing of HTTP, and nothing of what the proxy believes.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "bench/simulator/prices.hpp"

namespace simulator {

// One request as the account's owner could see it. `seq` counts from 1 since the last reset.
struct request_record {
  std::uint64_t seq = 0;
  std::uint64_t connection = 0;
  std::string request_id; // x-request-id as received
  std::string method;
  std::string path;
  std::string model;
  std::string fault;
  std::string max_tokens; // JSON text as received, empty if none
  std::string mark;       // "#7-12" of a last user message "#7-12 and so on": who asked, and what
  instant arrival{};
  instant billed_at{};
  int status = 0; // 0: nothing was answered
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t calls = 0; // priced calls: search and fetch
  std::int64_t cost_pico = 0;
  std::int64_t cost_nano = 0; // cost_pico rounded up
  std::int64_t bytes_in = 0;
  std::int64_t bytes_out = 0;
  std::int64_t arrived_us = 0; // of the machine's monotonic clock, whatever time is pretended
  std::int64_t ended_us = 0;   // its slot was free again
  bool stream = false;
  bool authorization_ok = false;
  bool billed = false;
  bool client_left = false; // the peer closed before the answer's end
  bool done = false;
};

struct tally {
  std::int64_t requests = 0;
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t pico = 0;
  std::int64_t nano = 0;

  void add(const request_record& row);
};

struct bill_totals {
  std::int64_t requests = 0;  // received, whatever became of them
  std::int64_t in_flight = 0; // received and not finished
  tally billed;
  std::map<std::string, tally> by_model;
  std::map<std::int64_t, tally> by_hour; // hours since the epoch
};

// Thread-safe. Keeps the newest `rows_max` rows; the totals keep everything.
class bill {
 public:
  explicit bill(std::size_t rows_max = 500'000) : rows_max_(rows_max) {}

  // Which row a request was given, and before which reset.
  struct place {
    std::uint64_t seq = 0;
    std::uint64_t epoch = 0;
  };

  place open(request_record row);
  // Adds a priced row to the totals; called once, before the answer's last byte, so that who has
  // the answer finds it on the bill. A row opened before reset() is dropped: its bill was wiped.
  void charge(const request_record& row, place where);
  // The row's final state.
  void close(const request_record& row, place where);
  void reset();

  bill_totals totals() const;
  std::vector<request_record> after(std::uint64_t seq, std::size_t count_max) const;

 private:
  void keep(const request_record& row, place where);

  mutable std::mutex mutex_;
  std::deque<request_record> rows_;
  std::size_t rows_max_;
  std::uint64_t last_seq_ = 0;
  std::uint64_t epoch_ = 0;
  bill_totals totals_;
};

// Fills cost_pico, cost_nano and billed from the row's tokens, calls and billed_at.
void price(request_record& row, price_list list, family model, const holiday_list& holidays);

} // namespace simulator
