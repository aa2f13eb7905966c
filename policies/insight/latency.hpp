// How long the upstream usually takes to its first byte, by model, and whether it takes much longer
// now. Medians from counts in steps of an eighth of an octave: no sample is kept.
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "policies/insight/rule.hpp"
#include "policies/insight/rule_settings.hpp"

namespace policies::insight {

class sketch {
 public:
  void add(std::uint32_t ms, double weight = 1);
  void add(const sketch& other);
  void fade(); // halves all
  double count() const { return count_; }
  double median() const;
  double above(double ms) const; // how many

 private:
  static constexpr std::size_t cells = 8 * 20;
  std::array<float, cells> counts_{};
  double count_ = 0;
};

class latency_watch {
 public:
  // Of an answer that began after `ms`.
  void add(instant at, std::uint32_t ms);
  // `open`: an alert of it stands since then. What is unusual is not learnt, until it has been so
  // for a day.
  verdict judge(instant now, const rule_settings& by, bool open);

 private:
  struct one_minute {
    std::int64_t number = 0;
    sketch samples;
  };
  std::deque<one_minute> recent_; // of five minutes
  sketch usual_;
  std::int64_t unusual_since_ = 0; // minute; 0: it is as usual
};

} // namespace policies::insight
