// When a key is busy: its peak minutes, and its hours of the week.
#include <array>
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

// Mondays first; hours in UTC.
std::size_t hour_of_week(std::int64_t hour) {
  const sys_time<hours> at{hours{hour}};
  const auto day = floor<days>(at);
  const unsigned weekday_index = weekday{day}.iso_encoding() - 1;
  return weekday_index * 24 + static_cast<std::size_t>((at - day).count());
}

json::array week_of(const std::vector<stores::usage_row>& rows) {
  std::array<std::int64_t, 7 * 24> requests{};
  for (const stores::usage_row& row : rows)
    requests[hour_of_week(row.hour)] += row.sums.requests;
  return json::array(requests.begin(), requests.end());
}

} // namespace

answer<reply> usage_patterns(const admin_context& context, const request& call) {
  const auto whose = subject_of(context, call);
  if (!whose)
    return whose.error();
  const auto ranges = ranges_of(call.query.get("period").value_or("30d"), call.now);
  if (!ranges)
    return ranges.error();
  const stores::minute_range range{ranges->now.from_hour * 60, ranges->now.until_hour * 60};
  const auto minutes = used_minutes(context, *whose, range);
  stores::minute_row busiest;
  std::int64_t tokens_peak = 0;
  std::int64_t requests = 0;
  for (const stores::minute_row& row : minutes) {
    if (row.requests > busiest.requests)
      busiest = row;
    tokens_peak = std::max(tokens_peak, row.tokens);
    requests += row.requests;
  }
  json::object out{{"key_id", id_or_null(*whose)},
                   {"period", ranges->name},
                   {"peak_requests_per_minute", busiest.requests},
                   {"peak_tokens_per_minute", tokens_peak},
                   {"busiest_minute", nullptr},
                   {"active_minutes", minutes.size()},
                   {"average_requests_per_active_minute",
                    ratio(requests, static_cast<std::int64_t>(minutes.size()))},
                   {"by_hour_of_week", week_of(used_hours(context, *whose, ranges->now))}};
  if (busiest.requests > 0)
    out["busiest_minute"] = rfc3339(policies::instant{std::chrono::minutes{busiest.minute}});
  return json_reply(200, out);
}

} // namespace proxy::admin
