// Usage over time, one line a bucket: none is left out, so that charts need no filling in.
#include <chrono>

#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/admin/periods.hpp"
#include "proxy/admin/usage_figures.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using namespace std::chrono;

enum class granularity : std::uint8_t { hourly, daily, monthly };

constexpr std::size_t buckets_max = 3000;

std::int64_t hours_of(sys_days day) {
  return floor<hours>(day.time_since_epoch()).count();
}
sys_days day_of(std::int64_t hour) {
  return floor<days>(sys_time<hours>{hours{hour}});
}
year_month month_of(std::int64_t hour) {
  const year_month_day date{day_of(hour)};
  return date.year() / date.month();
}

// The first hour of the bucket that an hour lies in, and of the one after.
std::int64_t begin_of(granularity by, std::int64_t hour) {
  if (by == granularity::hourly)
    return hour;
  return hours_of(by == granularity::daily ? day_of(hour) : sys_days{month_of(hour) / 1});
}
std::int64_t next_of(granularity by, std::int64_t begin) {
  if (by == granularity::monthly)
    return hours_of(sys_days{(month_of(begin) + months{1}) / 1});
  return begin + (by == granularity::hourly ? 1 : 24);
}

std::string name_of(granularity by, std::int64_t begin) {
  const std::string text = rfc3339(policies::instant{hours{begin}});
  return by == granularity::hourly ? text : text.substr(0, by == granularity::daily ? 10 : 7);
}

answer<granularity> granularity_in(const query& from) {
  const std::string_view name = from.get("granularity").value_or("daily");
  if (name == "hourly" || name == "hour")
    return granularity::hourly;
  if (name == "daily" || name == "day")
    return granularity::daily;
  if (name == "monthly" || name == "month")
    return granularity::monthly;
  return problem{.message =
                     "granularity: '" + shown(name) + "' is not one of hourly, daily, monthly",
                 .param = "granularity"};
}

struct series_range {
  granularity by{};
  std::int64_t from_hour = 0;
  std::int64_t until_hour = 0;
};

answer<series_range> range_in(const request& call) {
  const auto by = granularity_in(call.query);
  const auto end = instant_in(call.query, "end", call.now);
  if (!by || !end)
    return !by ? by.error() : end.error();
  const auto start = instant_in(call.query, "start", *end - days{30});
  if (!start)
    return start.error();
  if (*start > *end)
    return problem{.message = "start: is later than end", .param = "start"};
  const auto hour_of = [](policies::instant at) {
    return floor<hours>(at.time_since_epoch()).count();
  };
  return series_range{*by, begin_of(*by, hour_of(*start)),
                      next_of(*by, begin_of(*by, hour_of(*end)))};
}

} // namespace

answer<reply> usage_series(const admin_context& context, const request& call) {
  const auto whose = subject_of(context, call);
  if (!whose)
    return whose.error();
  const auto range = range_in(call);
  if (!range)
    return range.error();
  const auto rows = used_hours(context, *whose, {range->from_hour, range->until_hour});
  const auto spreads = used_spreads(context, *whose, {range->from_hour, range->until_hour});
  auto row = rows.begin();
  auto times = spreads.begin();
  json::array series;
  for (std::int64_t begin = range->from_hour; begin < range->until_hour;) {
    if (series.size() == buckets_max)
      return problem{.message =
                         fmt::format("start: more than {} buckets; ask for a shorter time or "
                                     "a coarser granularity",
                                     buckets_max),
                     .param = "start"};
    const std::int64_t end = next_of(range->by, begin);
    stores::usage_sums sums;
    for (; row != rows.end() && row->hour < end; ++row)
      sums += row->sums;
    policies::analytics::spread spread;
    for (; times != spreads.end() && times->hour < end; ++times)
      spread += times->spread;
    json::object line{{"date", name_of(range->by, begin)}};
    for (auto& [name, value] : figures(sums))
      line.emplace(name, std::move(value));
    line["latency"] = latency(spread);
    series.push_back(std::move(line));
    begin = end;
  }
  static constexpr std::array<std::string_view, 3> names{"hourly", "daily", "monthly"};
  return json_reply(200, {{"key_id", id_or_null(*whose)},
                          {"granularity", names[static_cast<std::size_t>(range->by)]},
                          {"start", rfc3339(policies::instant{hours{range->from_hour}})},
                          {"end", rfc3339(policies::instant{hours{range->until_hour}})},
                          {"series", std::move(series)}});
}

} // namespace proxy::admin
