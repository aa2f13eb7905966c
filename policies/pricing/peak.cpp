// Peak hours. Knows days and minutes, no prices.
#include "policies/pricing/peak.hpp"

#include <algorithm>

namespace policies::pricing {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::minutes;
using std::chrono::sys_days;

// Peak comes and goes within a week at the latest unless holidays say otherwise; a stretch longer
// than any run of holidays is taken to meet both prices instead of being walked.
constexpr days stretch_max{62};

bool in_hours(std::span<const minute_range> hours, instant at) {
  const auto of_day = floor<minutes>(at - floor<days>(at)).count();
  return std::ranges::any_of(hours, [of_day](const minute_range& range) {
    if (range.from <= range.until)
      return of_day >= range.from && of_day < range.until;
    return of_day >= range.from || of_day < range.until; // past midnight
  });
}

bool is_working_day(const peak_calendar& calendar, sys_days day) {
  const auto listed = [day](const std::vector<sys_days>& sorted) {
    return std::ranges::binary_search(sorted, day);
  };
  const unsigned weekday = std::chrono::weekday{day}.iso_encoding();
  if (weekday > 5)
    return listed(calendar.working_weekends);
  return day >= calendar.holidays_known_until || !listed(calendar.holidays);
}

// The next instant after `at` where peak may begin or end: an edge of the hours, or midnight.
instant next_edge(std::span<const minute_range> hours, instant at) {
  const auto day = floor<days>(at);
  instant next = day + days{1};
  const auto consider = [&](int minute) {
    const instant edge = day + minutes{minute};
    if (edge > at && edge < next)
      next = edge;
  };
  for (const minute_range& range : hours) {
    consider(range.from);
    consider(range.until);
  }
  return next;
}

} // namespace

bool is_peak_at(const peak_calendar& calendar, instant at) {
  return at >= calendar.since && in_hours(calendar.hours, at) &&
         is_working_day(calendar, floor<days>(at));
}

bool is_peak_at(const price_row& row, const peak_calendar& calendar, instant at) {
  return row.peak_hours.empty() ? is_peak_at(calendar, at) : in_hours(row.peak_hours, at);
}

peak_mix mix_within(const price_row& row, const peak_calendar& calendar, instant from,
                    instant until) {
  const bool own = !row.peak_hours.empty();
  const std::span<const minute_range> hours = own ? row.peak_hours : calendar.hours;
  peak_mix mix;
  // Before `since` nothing changes: walking may start there.
  if (!own && from < calendar.since) {
    mix.off_peak = true;
    from = std::min(calendar.since, until);
  }
  if (until - from > stretch_max)
    return {.off_peak = true, .peak = true};
  for (instant at = from; at <= until; at = next_edge(hours, at)) {
    (is_peak_at(row, calendar, at) ? mix.peak : mix.off_peak) = true;
    if (mix.peak && mix.off_peak)
      break;
  }
  return mix;
}

} // namespace policies::pricing
