// What a key did in each whole hour of the last five weeks, and what is usual by it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace policies::insight {

inline constexpr std::int64_t hours_a_day = 24;
inline constexpr std::int64_t hours_a_week = 7 * hours_a_day;
inline constexpr std::int64_t weeks_looked_at = 5;
inline constexpr std::int64_t hours_looked_at = weeks_looked_at * hours_a_week;

// Requests that one can expect in an hour: `sum` of `weeks` observations.
struct expectation {
  double sum = 0;
  double weeks = 0;
  double average() const { return sum / weeks; }
};

// Hours are counted since 1970, UTC. Holds its figures only while it is kept up.
class history {
 public:
  // Of a key that exists since `first_hour`; everything before `now_hour` is still to be added.
  history(std::int64_t first_hour, std::int64_t now_hour);

  // Forgets what is older than is looked at; hours up to `now_hour` are empty until they are added.
  void move_to(std::int64_t now_hour);
  void add(std::int64_t hour, std::int64_t requests, std::int64_t cost_nano);
  void clear(std::int64_t hour); // before the hour's figures are added again

  std::int64_t now_hour() const { return now_hour_; }
  std::int64_t first_hour() const { return first_hour_; }
  std::int64_t requests_in(std::int64_t hour) const; // 0 outside of what is looked at

  // The same hour of the weeks before; while there are fewer than two, the most that the same hour
  // of any of the last seven days had; nullopt: less than three days are known.
  std::optional<expectation> expected_in(std::int64_t hour) const;
  // Variance over mean of an hour beside its own average: 1 where requests come by chance alone,
  // more where they come in bunches.
  double dispersion() const;
  // Hours without a request right before `hour`, as far as is looked at.
  std::int64_t silent_before(std::int64_t hour) const;
  // Nano-dollars of a day (days since 1970).
  std::int64_t cost_on(std::int64_t day) const;

 private:
  std::size_t cell(std::int64_t hour) const {
    return static_cast<std::size_t>(hour % hours_looked_at);
  }
  bool known(std::int64_t hour) const {
    return hour >= first_hour_ && hour > now_hour_ - hours_looked_at && hour <= now_hour_;
  }
  struct one_hour {
    std::uint32_t requests = 0;
    std::int64_t cost_nano = 0;
  };
  std::int64_t first_hour_;
  std::int64_t now_hour_;
  std::vector<one_hour> hours_; // ring, by hour
};

} // namespace policies::insight
