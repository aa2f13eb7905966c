// Hours since 1970, and the months they lie in.
#include "proxy/admin/periods.hpp"

#include <array>
#include <chrono>

#include "proxy/admin/json_text.hpp"

namespace proxy::admin {
namespace {

using namespace std::chrono;

struct hours_named {
  std::string_view name;
  std::int64_t hours;
};
constexpr std::array fixed{hours_named{"1h", 1}, hours_named{"24h", 24}, hours_named{"7d", 7 * 24},
                           hours_named{"30d", 30 * 24}};

std::int64_t first_hour_of(year_month month) {
  return floor<hours>(sys_days{month / 1}.time_since_epoch()).count();
}

} // namespace

answer<period_ranges> ranges_of(std::string_view name, policies::instant now) {
  const std::int64_t end = floor<hours>(now.time_since_epoch()).count() + 1;
  for (const hours_named& each : fixed)
    if (each.name == name) {
      const std::int64_t begin = end - each.hours;
      return period_ranges{
          std::string(name), {begin, end}, {begin - periods_before * each.hours, begin}};
    }
  if (name != "month")
    return problem{.message = "period: '" + shown(name) + "' is not one of 1h, 24h, 7d, 30d, month",
                   .param = "period"};
  const year_month_day today{floor<days>(now)};
  const year_month month = today.year() / today.month();
  const std::int64_t begin = first_hour_of(month);
  return period_ranges{
      "month", {begin, end}, {first_hour_of(month - months{periods_before}), begin}};
}

answer<policies::instant> instant_in(const query& from, std::string_view name,
                                     policies::instant otherwise) {
  const auto text = from.get(name);
  if (!text)
    return otherwise;
  std::string whole(*text);
  if (whole.size() == 10)
    whole.append("T00:00:00Z");
  const auto at = parse_rfc3339(whole);
  if (!at)
    return problem{.message = std::string(name) + ": '" + shown(*text) +
                              "' is neither a date (2026-11-23) nor an instant "
                              "(2026-11-23T12:00:00Z)",
                   .param = std::string(name)};
  return *at;
}

} // namespace proxy::admin
