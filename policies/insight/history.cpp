// A ring of hours, and averages over its columns.
#include "policies/insight/history.hpp"

#include <algorithm>

namespace policies::insight {

history::history(std::int64_t first_hour, std::int64_t now_hour)
    : first_hour_(std::max(first_hour, now_hour - hours_looked_at + 1)), now_hour_(now_hour),
      hours_(static_cast<std::size_t>(hours_looked_at)) {}

void history::move_to(std::int64_t now_hour) {
  const std::int64_t from = std::max(now_hour_ + 1, now_hour - hours_looked_at + 1);
  for (std::int64_t hour = from; hour <= now_hour; ++hour)
    hours_[cell(hour)] = {};
  now_hour_ = std::max(now_hour_, now_hour);
}

void history::add(std::int64_t hour, std::int64_t requests, std::int64_t cost_nano) {
  if (hour > now_hour_ || hour <= now_hour_ - hours_looked_at)
    return;
  first_hour_ = std::min(first_hour_, hour);
  hours_[cell(hour)].requests += static_cast<std::uint32_t>(requests);
  hours_[cell(hour)].cost_nano += cost_nano;
}

void history::clear(std::int64_t hour) {
  if (hour <= now_hour_ && hour > now_hour_ - hours_looked_at)
    hours_[cell(hour)] = {};
}

std::int64_t history::requests_in(std::int64_t hour) const {
  return known(hour) ? hours_[cell(hour)].requests : 0;
}

std::optional<expectation> history::expected_in(std::int64_t hour) const {
  expectation by_week;
  for (std::int64_t at = hour - hours_a_week; known(at); at -= hours_a_week) {
    by_week.sum += hours_[cell(at)].requests;
    by_week.weeks += 1;
  }
  if (by_week.weeks >= 2)
    return by_week;
  expectation by_day{0, 1};
  int days = 0;
  for (std::int64_t at = hour - hours_a_day; known(at) && at >= hour - hours_a_week;
       at -= hours_a_day, ++days)
    by_day.sum = std::max(by_day.sum, static_cast<double>(hours_[cell(at)].requests));
  return days >= 3 ? std::optional{by_day} : std::nullopt;
}

// Pearson's, pulled towards 1 as long as little is known.
double history::dispersion() const {
  constexpr double prior = 20;
  double squares = prior, freedom = prior;
  for (std::int64_t column = 0; column < hours_a_week; ++column) {
    double sum = 0, sum_of_squares = 0, weeks = 0;
    for (std::int64_t at = now_hour_ - 1 - column; known(at); at -= hours_a_week) {
      const double requests = hours_[cell(at)].requests;
      sum += requests;
      sum_of_squares += requests * requests;
      weeks += 1;
    }
    if (weeks < 2 || sum == 0)
      continue;
    const double mean = sum / weeks;
    squares += (sum_of_squares - sum * mean) / mean;
    freedom += weeks - 1;
  }
  return std::max(1.0, squares / freedom);
}

std::int64_t history::silent_before(std::int64_t hour) const {
  std::int64_t silent = 0;
  for (std::int64_t at = hour - 1; known(at) && hours_[cell(at)].requests == 0; --at)
    ++silent;
  return silent;
}

std::int64_t history::cost_on(std::int64_t day) const {
  std::int64_t sum = 0;
  for (std::int64_t hour = day * hours_a_day; hour < (day + 1) * hours_a_day; ++hour)
    if (known(hour))
      sum += hours_[cell(hour)].cost_nano;
  return sum;
}

} // namespace policies::insight
