// Calendar windows in UTC.
#include "policies/limits/calendar.hpp"

namespace policies::limits {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::sys_days;
using std::chrono::year_month_day;

namespace {
constexpr std::int64_t months_a_year = 12;
} // namespace

std::int64_t month_of(instant now) {
  const year_month_day date{floor<days>(now)};
  return int{date.year()} * months_a_year + unsigned{date.month()} - 1;
}

std::int64_t day_of(instant now) {
  return floor<days>(now).time_since_epoch().count();
}

instant start_of_month(std::int64_t id) {
  const std::chrono::year year{static_cast<int>(id / months_a_year)};
  const std::chrono::month month{static_cast<unsigned>(id % months_a_year) + 1};
  return sys_days{year / month / std::chrono::day{1}};
}

instant start_of_day(std::int64_t id) {
  return sys_days{days{id}};
}

} // namespace policies::limits
