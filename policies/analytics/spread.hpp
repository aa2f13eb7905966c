// How requests were spread: counts by bucket of each latency, by status, by ending and by reason of
// refusal, for one hour of one key and model. Sparse, bounded, and exact to add up; knows neither
// what a status nor what an ending means.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace policies::analytics {

enum class measure : std::uint8_t { first_byte_ms, total_ms, overhead_us };
inline constexpr std::size_t measures = 3;

// Four buckets to a doubling: a percentile is at most a fifth off. The last one has no end; it
// begins at 61 minutes, or of microseconds at 3.7 seconds.
inline constexpr unsigned buckets = 84;
unsigned bucket_of(std::uint64_t value);
std::uint64_t least_in(unsigned bucket); // up to and including `buckets`, the end of the last

struct percentiles {
  std::int64_t count = 0;
  std::optional<double> p50, p90, p99; // nullopt: of nothing
};

class spread {
 public:
  void add(measure what, std::uint64_t value) { add_at(slot_of(what, bucket_of(value)), 1); }
  void add_status(std::uint16_t status, std::uint32_t n) { add_at(first_status + status, n); }
  void add_ending(std::uint8_t ending) { add_at(first_ending + ending, 1); }
  void add_refusal(std::uint8_t code, std::uint32_t n) { add_at(first_refusal + code, n); }
  spread& operator+=(const spread& other);

  percentiles of(measure what) const;
  struct counted {
    std::uint16_t what;
    std::int64_t count;
  };
  std::vector<counted> statuses() const { return within(first_status, first_ending); }
  std::vector<counted> endings() const { return within(first_ending, first_refusal); }
  std::vector<counted> refusals() const { return within(first_refusal, end_of_slots); }
  std::vector<counted> buckets_of(measure what) const {
    return within(slot_of(what, 0), slot_of(what, buckets));
  }
  bool empty() const { return counts_.empty(); }

  // Six bytes a count, little-endian: its place (2) and how many (4), places ascending. Reading
  // ends at what is not of this form.
  std::string packed() const;
  static spread unpacked(std::string_view packed);

 private:
  static constexpr std::uint16_t first_status = 256;
  static constexpr std::uint16_t first_ending = 2048;
  static constexpr std::uint16_t first_refusal = 2304;
  static constexpr std::uint16_t end_of_slots = 2560;
  static constexpr std::uint16_t slot_of(measure what, unsigned bucket) {
    return static_cast<std::uint16_t>(static_cast<unsigned>(what) * buckets + bucket);
  }
  void add_at(unsigned place, std::int64_t n);
  std::vector<counted> within(std::uint16_t from, std::uint16_t until) const;

  std::vector<counted> counts_; // places ascending, none twice
};

} // namespace policies::analytics
