// Which of several failing limits a refusal tells of, and when all of them will have passed. Knows
// nothing of how a limit is checked.
#pragma once

#include "policies/limits/meter.hpp"
#include "policies/limits/reserve.hpp"

namespace policies::limits {

class shortfall {
 public:
  // A limit that time alone satisfies, `wait_ms` from now; nullopt: it cannot be told when.
  void waits(limit_refusal figures, std::optional<std::int64_t> wait_ms) {
    longest_ms_ = std::max(longest_ms_, wait_ms.value_or(0));
    keep(figures, figures.never_fits ? rank::never_fits : rank::waits, wait_ms.value_or(0));
  }

  // Money that is truly gone, until its window ends; nullopt: it never does.
  void spent(limit_refusal figures, std::optional<std::int64_t> wait_ms) {
    longest_ms_ = std::max(longest_ms_, wait_ms.value_or(0));
    lasting_ = lasting_ || !wait_ms;
    keep(figures, figures.never_fits ? rank::never_fits : rank::spent,
         wait_ms.value_or(std::numeric_limits<std::int64_t>::max()));
  }

  explicit operator bool() const { return rank_ != rank::none; }

  // `late_ms`: how far the caller's clock is behind the present.
  limit_refusal told(std::int64_t late_ms) const {
    limit_refusal refusal = worst_;
    const bool hopeless = refusal.never_fits || lasting_ || longest_ms_ == 0;
    refusal.retry_after = milliseconds{hopeless ? 0 : longest_ms_ + late_ms};
    return refusal;
  }

 private:
  enum class rank : std::uint8_t { none, waits, spent, never_fits };

  void keep(const limit_refusal& figures, rank how, std::int64_t wait_ms) {
    if (how < rank_ || (how == rank_ && wait_ms <= wait_ms_))
      return;
    worst_ = figures;
    rank_ = how;
    wait_ms_ = wait_ms;
  }

  limit_refusal worst_;
  rank rank_ = rank::none;
  std::int64_t wait_ms_ = 0;
  std::int64_t longest_ms_ = 0;
  bool lasting_ = false; // some limit never comes back by itself
};

} // namespace policies::limits
