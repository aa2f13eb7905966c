// The price table from TOML (format: deploy/prices.toml) into integers; no price passes through a
// floating-point number.
#include <algorithm>
#include <charconv>
#include <initializer_list>

#include <fmt/format.h>

#include "proxy/config/document.hpp"
#include "proxy/config/nearest.hpp"
#include "proxy/config/settings.hpp"

namespace proxy::config {
namespace {

using namespace policies::pricing;
using policies::instant;
using policies::pico_usd;

// Thrown within this file only: one way out of deep nesting, with the line.
struct bad_price {
  int line; // 0: of several
  std::string why;
};

// A misspelt "peak" would sell peak hours at the other price: what is not known is refused.
void only(const node& from, std::string_view what, std::initializer_list<std::string_view> known) {
  const auto* fields = from.as<node::table>();
  if (!fields)
    throw bad_price{from.line, fmt::format("{} is to be a table, not {}", what, from.kind())};
  for (const auto& [name, value] : *fields)
    if (std::ranges::find(known, name) == known.end())
      throw bad_price{value.line, fmt::format("unknown key {} in {}; did you mean {}?", name, what,
                                              nearest(name, {known.begin(), known.size()}))};
}

const node& need(const node& from, std::string_view name) {
  if (const node* found = from.find(name))
    return *found;
  throw bad_price{from.line, fmt::format("{} is missing", name)};
}

const std::string& text_of(const node& from, std::string_view name) {
  const node& value = need(from, name);
  const auto* text = value.as<std::string>();
  if (!text)
    throw bad_price{value.line, fmt::format("{} is to be a string, not {}", name, value.kind())};
  if (text->empty())
    throw bad_price{value.line, fmt::format("{} is empty", name)};
  return *text;
}

// A decimal with at most `digits` after the point, as an integer of 10^-digits.
std::int64_t decimal(const node& from, std::string_view name, int digits) {
  const std::string& text = text_of(from, name);
  const std::size_t point = text.find('.');
  std::string whole = text.substr(0, point);
  std::string part = point == std::string::npos ? "" : text.substr(point + 1);
  const bool plain = (whole + part).find_first_not_of("0123456789") == std::string::npos;
  const bool bounded = whole.size() <= 6 && part.size() <= static_cast<std::size_t>(digits);
  if (whole.empty() || !plain || !bounded || text.ends_with('.'))
    throw bad_price{need(from, name).line,
                    fmt::format("{}: '{}' is no price: at most 6 digits, a point, at most {} "
                                "digits",
                                name, text, digits)};
  part.resize(static_cast<std::size_t>(digits), '0');
  whole += part;
  std::int64_t value = 0;
  std::from_chars(whole.data(), whole.data() + whole.size(), value);
  return value;
}

// Dollars per million tokens with six decimals are pico-dollars a token.
pico_usd per_token(const node& from, std::string_view name) {
  return pico_usd{decimal(from, name, 6)};
}

token_price price_in(const node& from, std::string_view what) {
  only(from, what, {"cache_hit", "cache_miss", "output"});
  return {per_token(from, "cache_hit"), per_token(from, "cache_miss"), per_token(from, "output")};
}

instant when(const node& from, std::string_view name, instant otherwise) {
  const node* value = from.find(name);
  if (!value)
    return otherwise;
  if (const auto* at = value->as<instant>())
    return *at;
  throw bad_price{value->line, fmt::format("{} is to be a time, not {}", name, value->kind())};
}

constexpr instant ever{instant::duration::min()};
constexpr instant open{instant::duration::max()};

void check_validity(const node& from, instant begin, instant end) {
  if (begin >= end)
    throw bad_price{from.line, "until is not after from"};
}

int minutes_of(std::string_view clock, int line) {
  const auto digit = [clock](std::size_t at) { return clock[at] - '0'; };
  bool valid = clock.size() == 5 && clock[2] == ':';
  for (const std::size_t at : {0u, 1u, 3u, 4u})
    valid = valid && clock[at] >= '0' && clock[at] <= '9';
  const int hour = valid ? digit(0) * 10 + digit(1) : 0;
  const int minute = valid ? digit(3) * 10 + digit(4) : 0;
  if (!valid || minute > 59 || hour * 60 + minute > 24 * 60)
    throw bad_price{line, fmt::format("'{}' is no time of day like 01:00", clock)};
  return hour * 60 + minute;
}

const node::array& list_of(const node& from, std::string_view name) {
  static const node::array none;
  const node* value = from.find(name);
  if (!value)
    return none;
  if (const auto* items = value->as<node::array>())
    return *items;
  throw bad_price{value->line, fmt::format("{} is to be a list, not {}", name, value->kind())};
}

std::vector<minute_range> hours_in(const node& from, std::string_view name) {
  std::vector<minute_range> hours;
  for (const node& item : list_of(from, name)) {
    const auto* text = item.as<std::string>();
    if (!text || text->size() != 11 || (*text)[5] != '-')
      throw bad_price{item.line, fmt::format("{}: hours are written like \"01:00-04:00\"", name)};
    const minute_range range{minutes_of(text->substr(0, 5), item.line),
                             minutes_of(text->substr(6), item.line)};
    if (range.from >= range.until)
      throw bad_price{item.line, fmt::format("{}: '{}' ends before it begins", name, *text)};
    hours.push_back(range);
  }
  return hours;
}

std::vector<std::chrono::sys_days> days_in(const node& from, std::string_view name) {
  std::vector<std::chrono::sys_days> days;
  for (const node& item : list_of(from, name)) {
    const auto* at = item.as<instant>();
    if (!at)
      throw bad_price{item.line, fmt::format("{} is to be a list of dates", name)};
    days.push_back(std::chrono::floor<std::chrono::days>(*at));
  }
  return days;
}

price_row model_in(const node& from) {
  only(from, "[[model]]", {"name", "from", "until", "off_peak", "peak", "peak_hours"});
  price_row row{};
  row.model = text_of(from, "name");
  row.from = when(from, "from", ever);
  row.until = when(from, "until", open);
  check_validity(from, row.from, row.until);
  row.off_peak = price_in(need(from, "off_peak"), "off_peak");
  const node* peak = from.find("peak");
  row.peak = peak ? price_in(*peak, "peak") : row.off_peak;
  row.peak_hours = hours_in(from, "peak_hours");
  return row;
}

// Dollars per 1000 calls with nine decimals would be pico-dollars a call.
call_price_row call_in(const node& from) {
  only(from, "[[call]]", {"name", "from", "until", "usd_per_1000"});
  call_price_row row{text_of(from, "name"), when(from, "from", ever), when(from, "until", open),
                     pico_usd{decimal(from, "usd_per_1000", 9)}};
  check_validity(from, row.from, row.until);
  return row;
}

// `models`: what may be served.
alias_row alias_in(const node& from, const std::vector<price_row>& models) {
  only(from, "[[alias]]", {"asked", "served"});
  alias_row row{text_of(from, "asked"), {}};
  if (row.asked.find('*') < row.asked.size() - 1)
    throw bad_price{need(from, "asked").line, "asked may have a * at its end only"};
  for (const node& item : list_of(from, "served")) {
    const auto* text = item.as<std::string>();
    if (!text || std::ranges::find(models, *text, &price_row::model) == models.end())
      throw bad_price{item.line, fmt::format("served: {} is the name of no [[model]]",
                                             text ? "'" + *text + "'" : std::string(item.kind()))};
    row.served.push_back(*text);
  }
  if (row.served.empty())
    throw bad_price{from.line, "served is missing or empty"};
  return row;
}

peak_calendar calendar_in(const node& from) {
  only(from, "[peak]", {"hours", "since", "holidays", "working_weekends", "holidays_known_until"});
  peak_calendar calendar;
  calendar.hours = hours_in(from, "hours");
  calendar.since = when(from, "since", ever);
  calendar.holidays = days_in(from, "holidays");
  calendar.working_weekends = days_in(from, "working_weekends");
  const instant known = when(from, "holidays_known_until", open);
  calendar.holidays_known_until =
      known == open ? std::chrono::sys_days::max() : std::chrono::floor<std::chrono::days>(known);
  return calendar;
}

// What no row shows alone.
void check_rows(const price_data& data) {
  for (std::size_t i = 0; i < data.models.size(); ++i) {
    const price_row& one = data.models[i];
    if (one.peak != one.off_peak && one.peak_hours.empty() && data.peak.hours.empty())
      throw bad_price{
          0, fmt::format("'{}' has peak prices, but there are no hours of peak", one.model)};
    for (std::size_t j = 0; j < i; ++j)
      if (const price_row& other = data.models[j];
          other.model == one.model && other.from < one.until && one.from < other.until)
        throw bad_price{0, fmt::format("two rows of '{}' overlap in time", one.model)};
  }
  for (std::size_t i = 0; i < data.aliases.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (data.aliases[i].asked == data.aliases[j].asked)
        throw bad_price{0, fmt::format("'{}' has two [[alias]]", data.aliases[i].asked)};
}

price_data data_in(const node& document) {
  only(document, "a price table", {"model", "call", "alias", "peak"});
  price_data data;
  for (const node& item : list_of(document, "model"))
    data.models.push_back(model_in(item));
  for (const node& item : list_of(document, "call"))
    data.calls.push_back(call_in(item));
  for (const node& item : list_of(document, "alias"))
    data.aliases.push_back(alias_in(item, data.models));
  if (const node* peak = document.find("peak"))
    data.peak = calendar_in(*peak);
  check_rows(data);
  return data;
}

outcome<price_data> to_prices(const outcome<node>& document, std::string_view name) {
  if (!document)
    return document.error();
  try {
    price_data data = data_in(*document);
    if (data.models.empty())
      return failure{errc::bad_configuration, std::string(name) + ": has no [[model]]"};
    return data;
  } catch (const bad_price& bad) {
    const std::string line = bad.line > 0 ? fmt::format(":{}", bad.line) : "";
    return failure{errc::bad_configuration, fmt::format("{}{}: {}", name, line, bad.why)};
  }
}

} // namespace

outcome<price_data> load_prices(const std::filesystem::path& file) {
  return to_prices(read_toml(file.string()), file.string());
}

outcome<price_data> parse_prices(std::string_view toml, std::string_view name) {
  return to_prices(parse_toml(toml, name), name);
}

} // namespace proxy::config
