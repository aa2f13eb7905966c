// When a key is fetched again: at intervals that differ a little, so that many proxies do not ask
// at once, and soon after the upstream has refused it. Has no clock: times are arguments.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace proxy::secrets {

class refresh_schedule {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr time_point never = time_point::max();
  // A key that stays refused is fetched no more often than this for it.
  static constexpr std::chrono::seconds between_refusals{10};

  // `every` 0: never but for refusals. `random` in [0, 1): of an interval, its middle fifth.
  refresh_schedule(std::chrono::seconds every, time_point start, double random) : every_(every) {
    set_regular(start, random);
  }

  time_point due() const { return std::min(regular_, refused_due_); }

  // The upstream has refused the key.
  void refused(time_point now) {
    if (refused_due_ != never)
      return;
    refused_due_ = last_for_refusal_ ? std::max(now, *last_for_refusal_ + between_refusals) : now;
  }
  bool refusal_noted() const { return refused_due_ != never; }

  // It has been fetched, or that has failed.
  void tried(time_point now, double random) {
    if (refused_due_ <= now) {
      last_for_refusal_ = now;
      refused_due_ = never;
    }
    set_regular(now, random);
  }

 private:
  void set_regular(time_point now, double random) {
    const std::chrono::duration<double> span = every_ * (0.9 + 0.2 * random);
    regular_ =
        every_.count() == 0 ? never : now + std::chrono::duration_cast<time_point::duration>(span);
  }

  const std::chrono::seconds every_;
  time_point regular_ = never;
  time_point refused_due_ = never;
  std::optional<time_point> last_for_refusal_;
};

} // namespace proxy::secrets
