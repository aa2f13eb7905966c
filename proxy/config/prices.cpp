// The price table from TOML (format: deploy/prices.toml) into integers; no price passes through a
// floating-point number.
#include <charconv>

#include <fmt/format.h>

#include "proxy/config/document.hpp"
#include "proxy/config/settings.hpp"

namespace proxy::config {
namespace {

using namespace policies::pricing;
using policies::instant;
using policies::pico_usd;

// Thrown within this file only: one way out of deep nesting, with the line.
struct bad_price {
  int line;
  std::string why;
};

const node& need(const node& from, std::string_view name) {
  if (const node* found = from.find(name))
    return *found;
  throw bad_price{from.line, fmt::format("{} is missing", name)};
}

const std::string& text_of(const node& from, std::string_view name) {
  const node& value = need(from, name);
  if (const auto* text = value.as<std::string>())
    return *text;
  throw bad_price{value.line, fmt::format("{} is to be a string, not {}", name, value.kind())};
}

// A decimal with at most `digits` after the point, as an integer of 10^-digits.
std::int64_t decimal(const std::string& text, int digits, int line) {
  const std::size_t point = text.find('.');
  std::string whole = text.substr(0, point);
  std::string part = point == std::string::npos ? "" : text.substr(point + 1);
  const bool plain = (whole + part).find_first_not_of("0123456789") == std::string::npos;
  if (whole.empty() || !plain || part.size() > static_cast<std::size_t>(digits) || whole.size() > 6)
    throw bad_price{
        line, fmt::format("'{}' is no price: digits, a point, at most {} digits", text, digits)};
  part.resize(static_cast<std::size_t>(digits), '0');
  whole += part;
  std::int64_t value = 0;
  std::from_chars(whole.data(), whole.data() + whole.size(), value);
  return value;
}

// Dollars per million tokens with six decimals are pico-dollars a token.
pico_usd per_token(const node& from, std::string_view name) {
  return pico_usd{decimal(text_of(from, name), 6, from.line)};
}

token_price price_in(const node& from) {
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

int minutes_of(std::string_view clock, int line) {
  int hour = -1, minute = -1;
  if (clock.size() == 5 && clock[2] == ':') {
    std::from_chars(clock.data(), clock.data() + 2, hour);
    std::from_chars(clock.data() + 3, clock.data() + 5, minute);
  }
  if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || hour * 60 + minute > 24 * 60)
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
  price_row row{};
  row.model = text_of(from, "name");
  row.from = when(from, "from", ever);
  row.until = when(from, "until", open);
  row.off_peak = price_in(need(from, "off_peak"));
  const node* peak = from.find("peak");
  row.peak = peak ? price_in(*peak) : row.off_peak;
  row.peak_hours = hours_in(from, "peak_hours");
  return row;
}

// Dollars per 1000 calls with nine decimals would be pico-dollars a call.
call_price_row call_in(const node& from) {
  return {text_of(from, "name"), when(from, "from", ever), when(from, "until", open),
          pico_usd{decimal(text_of(from, "usd_per_1000"), 9, from.line)}};
}

alias_row alias_in(const node& from) {
  alias_row row{text_of(from, "asked"), {}};
  for (const node& item : list_of(from, "served"))
    if (const auto* text = item.as<std::string>())
      row.served.push_back(*text);
  if (row.served.empty())
    throw bad_price{from.line, "served is missing or empty"};
  return row;
}

price_data data_in(const node& document) {
  price_data data;
  for (const node& item : list_of(document, "model"))
    data.models.push_back(model_in(item));
  for (const node& item : list_of(document, "call"))
    data.calls.push_back(call_in(item));
  for (const node& item : list_of(document, "alias"))
    data.aliases.push_back(alias_in(item));
  if (const node* peak = document.find("peak")) {
    data.peak.hours = hours_in(*peak, "hours");
    data.peak.since = when(*peak, "since", ever);
    data.peak.holidays = days_in(*peak, "holidays");
    data.peak.working_weekends = days_in(*peak, "working_weekends");
    const instant known = when(*peak, "holidays_known_until", open);
    data.peak.holidays_known_until =
        known == open ? std::chrono::sys_days::max() : std::chrono::floor<std::chrono::days>(known);
  }
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
    return failure{errc::bad_configuration, fmt::format("{}:{}: {}", name, bad.line, bad.why)};
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
