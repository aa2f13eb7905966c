// Counting by octaves, and a sign test: were the median as before, half the samples would lie above
// it.
#include "policies/insight/latency.hpp"

#include <algorithm>
#include <cmath>

#include "policies/insight/chance.hpp"

namespace policies::insight {
namespace {

constexpr std::int64_t recent_minutes = 5;
constexpr std::int64_t learnt_after_minutes = 24 * 60;
constexpr double usual_min = 200, usual_max = 20'000, recent_min = 20;
constexpr double slack_ms = 200; // a jump from 10 to 40 ms is nobody's trouble

std::int64_t minute_of(instant at) {
  return std::chrono::floor<std::chrono::minutes>(at).time_since_epoch().count();
}

} // namespace

void sketch::add(std::uint32_t ms, double weight) {
  const auto cell = static_cast<std::size_t>(8 * std::log2(1.0 + ms));
  counts_[std::min(cell, cells - 1)] += static_cast<float>(weight);
  count_ += weight;
}

void sketch::add(const sketch& other) {
  for (std::size_t i = 0; i < cells; ++i)
    counts_[i] += other.counts_[i];
  count_ += other.count_;
}

void sketch::fade() {
  for (float& each : counts_)
    each /= 2;
  count_ /= 2;
}

double sketch::median() const {
  double seen = 0;
  for (std::size_t i = 0; i < cells; ++i) {
    seen += counts_[i];
    if (seen >= count_ / 2)
      return std::exp2((static_cast<double>(i) + 0.5) / 8) - 1;
  }
  return 0;
}

double sketch::above(double ms) const {
  const auto cell = static_cast<std::size_t>(8 * std::log2(1 + ms));
  double sum = 0;
  for (std::size_t i = std::min(cell, cells - 1) + 1; i < cells; ++i)
    sum += counts_[i];
  return sum;
}

void latency_watch::add(instant at, std::uint32_t ms) {
  const std::int64_t minute = minute_of(at);
  if (recent_.empty() || recent_.back().number < minute)
    recent_.push_back({minute, {}});
  recent_.back().samples.add(ms);
}

verdict latency_watch::judge(instant now, const rule_settings& by, bool open) {
  const std::int64_t minute = minute_of(now);
  if (!open)
    unusual_since_ = 0;
  else if (unusual_since_ == 0)
    unusual_since_ = minute;
  const bool learns = !open || minute - unusual_since_ >= learnt_after_minutes;
  while (!recent_.empty() && recent_.front().number <= minute - recent_minutes) {
    if (learns)
      usual_.add(recent_.front().samples);
    recent_.pop_front();
  }
  if (usual_.count() > usual_max)
    usual_.fade();
  sketch last;
  for (const auto& each : recent_)
    last.add(each.samples);
  verdict out{rule::latency};
  if (usual_.count() < usual_min || last.count() < recent_min)
    return out;
  const double usual = usual_.median(), high = by.latency_factor * usual + slack_ms;
  out.message = "the first byte took " + std::to_string(std::llround(last.median())) +
                " ms at the median of the last five minutes' " +
                std::to_string(std::llround(last.count())) + " answers, " +
                std::to_string(std::llround(usual)) + " ms usually";
  if (at_least(last.above(high), last.count(), 0.5) <= chance_max)
    out.seen = sight::present;
  else if (last.median() <= high)
    out.seen = sight::absent;
  return out;
}

} // namespace policies::insight
