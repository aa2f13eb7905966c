// Sums of the store as figures, charts and tables.
#include "proxy/alerts/reports.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace proxy::alerts {
namespace {

using charts::unit;
using policies::instant;
using std::chrono::days;
using stores::usage_sums;

constexpr std::size_t keys_shown = 20;
constexpr std::size_t keys_charted = 10;

std::string date_of(std::int64_t hour, const char* how) {
  const std::chrono::sys_seconds at{std::chrono::hours{hour}};
  return fmt::format(fmt::runtime(how), at);
}

std::int64_t hour_of(std::chrono::sys_days day) {
  return std::chrono::duration_cast<std::chrono::hours>(day.time_since_epoch()).count();
}

std::int64_t tokens_of(const usage_sums& sums) {
  return sums.cached_tokens + sums.prompt_tokens + sums.output_tokens;
}

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::vector<charts::period_sums> points_of(const std::vector<stores::usage_row>& rows,
                                           const report_period& period) {
  std::vector<charts::period_sums> points;
  const char* label = period.hours_a_point == 1 ? "{:%H:00}" : "{:%m-%d}";
  for (std::int64_t hour = period.from_hour; hour < period.until_hour; hour += period.hours_a_point)
    points.push_back({date_of(hour, label)});
  for (const stores::usage_row& row : rows) {
    auto& point =
        points[static_cast<std::size_t>((row.hour - period.from_hour) / period.hours_a_point)];
    point.requests += row.sums.requests;
    point.tokens += tokens_of(row.sums);
    point.cost_nano += row.sums.cost_nano;
    point.errors += row.sums.errors;
  }
  return points;
}

std::string dollars(std::int64_t nano) {
  return charts::text_of(static_cast<double>(nano) / 1e9, unit::dollars);
}
std::string number(std::int64_t value) {
  return charts::text_of(static_cast<double>(value), unit::count);
}
std::string percent(double value) {
  return charts::text_of(value, unit::percent);
}

usage_sums sum_of(const std::vector<stores::usage_row>& rows) {
  usage_sums sum;
  for (const stores::usage_row& row : rows)
    sum += row.sums;
  return sum;
}

charts::section section_of(std::string heading, const std::vector<stores::usage_row>& rows,
                           const report_period& period) {
  const usage_sums sum = sum_of(rows);
  charts::section out{std::move(heading), {}, {}, {}};
  out.figures = {{"Requests", number(sum.requests)},
                 {"Tokens", number(tokens_of(sum))},
                 {"Cost", dollars(sum.cost_nano)},
                 {"Failed", percent(share(sum.errors, sum.requests))},
                 {"Refused by limits", number(sum.limited)}};
  const auto points = points_of(rows, period);
  for (charts::chart& each :
       charts::guide_charts(points, period.hours_a_point == 1 ? "Hourly" : "Daily"))
    out.charts.push_back(std::move(each));
  return out;
}

charts::html_table models_in(const std::vector<stores::usage_row>& rows) {
  std::map<std::string, usage_sums> models;
  for (const stores::usage_row& row : rows)
    if (!row.model.empty())
      models[row.model] += row.sums;
  charts::html_table out{"Models", {"Model", "Requests", "Tokens", "Cost"}, {}};
  for (const auto& [model, sums] : models)
    out.rows.push_back(
        {model, number(sums.requests), number(tokens_of(sums)), dollars(sums.cost_nano)});
  return out;
}

} // namespace

report_period period_before(const std::string& name, instant now) {
  const auto today = std::chrono::floor<days>(now);
  if (name == "daily")
    return {name, date_of(hour_of(today) - 24, "{:%Y-%m-%d}"), hour_of(today) - 24, hour_of(today),
            1};
  if (name == "weekly") {
    const auto monday = today - (std::chrono::weekday{today} - std::chrono::Monday);
    const std::int64_t end = hour_of(monday), begin = end - 7 * 24;
    return {name, date_of(begin, "{:%Y-%m-%d}") + " to " + date_of(end - 24, "{:%Y-%m-%d}"), begin,
            end};
  }
  const std::chrono::year_month_day date{today};
  const auto month = date.year() / date.month();
  const std::chrono::sys_days end{month / 1}, begin{(month - std::chrono::months{1}) / 1};
  return {name, date_of(hour_of(begin), "{:%Y-%m}"), hour_of(begin), hour_of(end)};
}

bool reports::due(const report_period& period) {
  if (done_[period.name] == period.label)
    return false;
  const std::string name = period.name + " " + period.label;
  const auto notes = store_.load_notes("report");
  if (!notes)
    return false; // asked again in a minute
  const auto known = notes->find(name);
  // Begun by a proxy that ended before it was at rest: ids keep it from being delivered twice.
  const bool finished = known != notes->end() && known->second == "sent";
  if (finished ||
      sum_of(store_.usage(std::nullopt, {period.from_hour, period.until_hour})).requests == 0) {
    done_[period.name] = period.label;
    return false;
  }
  if (known != notes->end())
    return true;
  const auto claimed =
      store_.write_note({"report", name, "begun"}, stores::note_change::put_if_absent);
  if (claimed && !*claimed)
    done_[period.name] = period.label;
  return claimed && *claimed;
}

void reports::sent(const report_period& period) {
  const std::string name = period.name + " " + period.label;
  if (store_.write_note({"report", name, "sent"}, stores::note_change::put))
    done_[period.name] = period.label;
}

charts::page reports::page_of(const report_period& period) const {
  struct used_key {
    std::string name;
    std::vector<stores::usage_row> rows;
    usage_sums sum;
  };
  const stores::usage_range range{period.from_hour, period.until_hour};
  std::vector<used_key> keys;
  for (const auto& key : store_.list()) {
    auto rows = store_.usage(key.id, range);
    const usage_sums sum = sum_of(rows);
    if (sum.requests > 0)
      keys.push_back({key.name, std::move(rows), sum});
  }
  std::ranges::stable_sort(keys, std::greater{},
                           [](const used_key& each) { return each.sum.cost_nano; });
  charts::page out{"DeepSeek usage, " + period.label,
                   "The " + period.name + " report of deepseek-proxy. Hours and days are UTC.",
                   {}};
  const auto account = store_.usage(std::nullopt, range);
  out.sections.push_back(section_of("All keys", account, period));
  charts::html_table table{"Keys by cost", {"Key", "Requests", "Tokens", "Cost", "Failed"}, {}};
  for (const used_key& each : keys)
    if (table.rows.size() < keys_shown)
      table.rows.push_back({each.name, number(each.sum.requests), number(tokens_of(each.sum)),
                            dollars(each.sum.cost_nano),
                            percent(share(each.sum.errors, each.sum.requests))});
  out.sections[0].tables = {std::move(table), models_in(account)};
  for (const used_key& each : keys)
    if (out.sections.size() <= keys_charted)
      out.sections.push_back(section_of(each.name, each.rows, period));
  return out;
}

delivery reports::delivery_of(const report_period& period, instant now) const {
  const charts::page page = page_of(period);
  std::string id = "report_" + period.name + "_" + period.label.substr(0, 10);
  delivery out{.id = std::move(id),
               .how = policies::insight::severity::info,
               .made_ms = now.time_since_epoch().count(),
               .subject = page.title,
               .html = charts::html_of(page)};
  boost::json::object figures;
  for (const auto& [name, value] : page.sections[0].figures) {
    out.text += name + ": " + value + "\n";
    figures[name] = value;
  }
  out.event = boost::json::serialize(boost::json::object{{"id", out.id},
                                                         {"type", "report"},
                                                         {"time", rfc3339(now)},
                                                         {"period", period.name},
                                                         {"label", period.label},
                                                         {"figures", std::move(figures)}});
  return out;
}

} // namespace proxy::alerts
