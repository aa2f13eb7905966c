// Hour by hour, looked at four times an hour as usage arrives.
#include "tests/policies/insight/world.hpp"

#include <cmath>
#include <numbers>

#include "policies/limits/calendar.hpp"

namespace world {
namespace {

constexpr std::int64_t began_hour = 493'000 - 493'000 % 168; // a Thursday of 2026, as 1970 began

instant at_hour(std::int64_t hour, int minute = 0) {
  return instant{std::chrono::hours{hour} + std::chrono::minutes{minute}};
}

} // namespace

simulation::simulation(unsigned seed, int keys, int days)
    : dice_(seed), first_hour_(began_hour), hours_(24 * days) {
  std::uniform_real_distribution<double> uniform{0, 1};
  sizes_.resize(1 << 14);
  for (double& each : sizes_) // a tenth of a cent at least, a dollar at most
    each = std::min(1e9, 1e6 * std::pow(1 - uniform(dice_), -1 / 1.5));
  make_keys(keys);
}

void simulation::make_keys(int count) {
  std::uniform_real_distribution<double> uniform{0, 1};
  for (int i = 0; i < count; ++i) {
    one_key key;
    key.record.id = key_id{static_cast<std::uint64_t>(i + 1)};
    key.record.created = at_hour(first_hour_);
    key.requests_an_hour = std::exp(uniform(dice_) * std::log(400)); // 1 to 400
    key.error_share = 0.04 * uniform(dice_);
    key.busiest_hour = static_cast<int>(24 * uniform(dice_));
    key.works_weekends = uniform(dice_) < 0.5;
    if (uniform(dice_) < 0.4) // limits around what the month will cost: 0.6 to 3 times
      key.record.limits.monthly = policies::nano_usd{static_cast<std::int64_t>(
          key.requests_an_hour * 720 * 3e6 * (0.6 + 2.4 * uniform(dice_)))};
    key.past = insight::history{first_hour_, first_hour_};
    keys_.push_back(std::move(key));
  }
  plan_ = {keys_[0].record.id, keys_[1].record.id, keys_[2].record.id,
           first_hour_ + hours_ - 4 * 24 + 14};
  keys_[0].requests_an_hour = 120;
  keys_[0].busiest_hour = 14;
  keys_[1].requests_an_hour = 150;
  keys_[1].busiest_hour = 14;
  keys_[1].error_share = 0.02;
  keys_[2].requests_an_hour = 10;
  keys_[2].works_weekends = true;
  keys_[2].silent_until = plan_.hour;
}

double simulation::rate(const one_key& of, std::int64_t hour) const {
  if (hour < of.silent_until)
    return 0;
  const double angle = 2 * std::numbers::pi * static_cast<double>(hour % 24 - of.busiest_hour) / 24;
  const bool weekend = (hour / 24 + 4) % 7 == 0 || (hour / 24 + 4) % 7 == 6;
  double rate = of.requests_an_hour * (1 + 0.8 * std::cos(angle));
  if (weekend && !of.works_weekends)
    rate *= 0.2;
  if (of.record.id == plan_.busy && hour >= plan_.hour && hour < plan_.hour + 3)
    rate *= 4;
  return rate;
}

std::int64_t simulation::cost_of(std::int64_t requests) {
  double sum = 0;
  for (std::int64_t i = 0; i < requests; ++i)
    sum += sizes_[dice_() % sizes_.size()];
  return static_cast<std::int64_t>(sum);
}

void simulation::look(one_key& key, instant now, insight::hour_use so_far) {
  const insight::key_facts facts{.key = key.record,
                                 .now = now,
                                 .past = key.past,
                                 .hour = so_far,
                                 .month_spent = policies::nano_usd{key.month_spent},
                                 .day_spent = policies::nano_usd{key.day_spent},
                                 .total_spent = policies::nano_usd{key.total_spent}};
  for (const insight::verdict& each : insight::judge(facts, settings_))
    if (auto told = book_.weigh(key.record.id, each, now)) {
      book_.commit(*told);
      if (!told->resolved)
        alerts_.push_back({told->which, key.record.id,
                           now.time_since_epoch() / std::chrono::hours{1},
                           policies::limits::month_of(now)});
    }
}

void simulation::step(one_key& key, std::int64_t hour) {
  const bool fails = key.record.id == plan_.failing && hour >= plan_.hour && hour < plan_.hour + 2;
  const double errors = fails ? 0.3 : key.error_share;
  insight::hour_use sums;
  key.past.move_to(hour);
  const instant begin = at_hour(hour);
  if (hour % 24 == 0)
    key.day_spent = 0;
  if (begin == policies::limits::start_of_month(policies::limits::month_of(begin)))
    key.month_spent = 0;
  const double quarter = rate(key, hour) / 4;
  for (int part = 1; part <= 4; ++part) {
    const std::int64_t came =
        quarter > 0 ? std::poisson_distribution<std::int64_t>{quarter}(dice_) : 0;
    sums.requests += came;
    sums.errors += std::binomial_distribution<std::int64_t>{came, errors}(dice_);
    const std::int64_t cost = cost_of(came);
    key.past.add(hour, came, cost);
    key.month_spent += cost;
    key.day_spent += cost;
    key.total_spent += cost;
    look(key, at_hour(hour, 15 * part - 1), sums);
  }
  if (key.record.limits.monthly && key.month_spent >= key.record.limits.monthly->value)
    ran_out_.insert({key.record.id, policies::limits::month_of(begin)});
}

void simulation::run() {
  for (std::int64_t hour = first_hour_; hour < first_hour_ + hours_; ++hour)
    for (one_key& key : keys_)
      step(key, hour);
}

} // namespace world
