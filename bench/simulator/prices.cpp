// The published prices and peak hours, row by row. Knows dates and rates; knows neither requests
// nor the bill.
#include "bench/simulator/prices.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include <fmt/format.h>

namespace simulator {
namespace {

using namespace std::chrono;

struct row {
  instant from;
  rates off_peak;
  bool doubles_at_peak;
};

constexpr instant at(int y, unsigned m, unsigned d, int hour = 0) {
  return sys_days{year{y} / month{m} / day{d}} + hours{hour};
}

// USD per million tokens x 1e6 = pico-dollars a token.
constexpr std::array flash_rows = {
    row{at(2025, 12, 1), {28'000, 280'000, 420'000}, false},
    row{at(2026, 4, 24), {2'800, 140'000, 280'000}, false},
    row{at(2026, 8, 16, 16), {7'000, 220'000, 660'000}, true},
    row{at(2026, 9, 10), {3'000, 150'000, 600'000}, true},
};
constexpr std::array pro_rows = {
    row{at(2025, 12, 1), {28'000, 280'000, 420'000}, false},
    row{at(2026, 4, 24), {3'625, 435'000, 870'000}, false},
    row{at(2026, 8, 16, 16), {22'000, 660'000, 1'980'000}, true},
};
constexpr rates flat_rates{3'000, 150'000, 600'000};

const row& row_at(std::span<const row> rows, instant when) {
  std::size_t chosen = 0;
  for (std::size_t i = 1; i < rows.size() && rows[i].from <= when; ++i)
    chosen = i;
  return rows[chosen];
}

// Reads exactly `width` digits at `offset`.
std::optional<int> digits(std::string_view text, std::size_t offset, std::size_t width) {
  if (text.size() < offset + width)
    return std::nullopt;
  int value = 0;
  for (char c : text.substr(offset, width)) {
    if (c < '0' || c > '9')
      return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<minutes> parse_offset(std::string_view zone) {
  if (zone == "Z" || zone == "z")
    return minutes{0};
  const auto hour = digits(zone, 1, 2);
  const auto minute = digits(zone, 4, 2);
  if (zone.size() != 6 || zone[3] != ':' || !hour || !minute || (zone[0] != '+' && zone[0] != '-'))
    return std::nullopt;
  const minutes offset = hours{*hour} + minutes{*minute};
  return zone[0] == '-' ? -offset : offset;
}

} // namespace

holiday_list known_holidays() {
  struct stretch {
    unsigned month, first, last;
  };
  constexpr std::array stretches = {
      stretch{1, 1, 3},   stretch{2, 15, 23}, stretch{4, 4, 6},  stretch{5, 1, 5},
      stretch{6, 19, 21}, stretch{9, 25, 27}, stretch{10, 1, 7},
  };
  holiday_list list;
  for (const auto& s : stretches)
    for (unsigned d = s.first; d <= s.last; ++d)
      list.push_back(sys_days{year{2026} / month{s.month} / day{d}});
  return list;
}

bool is_peak(instant when, const holiday_list& holidays) {
  const auto day = floor<days>(when);
  const weekday wd{day};
  if (wd == Saturday || wd == Sunday || std::binary_search(holidays.begin(), holidays.end(), day))
    return false;
  const auto time = when - day;
  return (time >= 1h && time < 4h) || (time >= 6h && time < 10h);
}

rates rates_at(price_list list, family model, instant when, const holiday_list& holidays) {
  if (list == price_list::flat)
    return flat_rates;
  const row& r = model == family::flash ? row_at(flash_rows, when) : row_at(pro_rows, when);
  if (!r.doubles_at_peak || !is_peak(when, holidays))
    return r.off_peak;
  return {r.off_peak.hit * 2, r.off_peak.miss * 2, r.off_peak.output * 2};
}

std::optional<sys_days> parse_date(std::string_view text) {
  const auto y = digits(text, 0, 4);
  const auto m = digits(text, 5, 2);
  const auto d = digits(text, 8, 2);
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !y || !m || !d)
    return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*m)},
                            day{static_cast<unsigned>(*d)}};
  if (!date.ok())
    return std::nullopt;
  return sys_days{date};
}

std::optional<instant> parse_instant(std::string_view text) {
  if (text.size() < 20 || (text[10] != 'T' && text[10] != 't' && text[10] != ' '))
    return std::nullopt;
  const auto date = parse_date(text.substr(0, 10));
  const auto h = digits(text, 11, 2);
  const auto m = digits(text, 14, 2);
  const auto s = digits(text, 17, 2);
  if (!date || !h || !m || !s || text[13] != ':' || text[16] != ':' || *h > 23 || *m > 59 ||
      *s > 59)
    return std::nullopt;
  std::size_t next = 19;
  int fraction_ms = 0;
  if (text[next] == '.') {
    int unit = 100;
    for (++next; next < text.size() && text[next] >= '0' && text[next] <= '9'; ++next) {
      fraction_ms += (text[next] - '0') * unit;
      unit /= 10;
    }
  }
  const auto offset = parse_offset(text.substr(next));
  if (!offset)
    return std::nullopt;
  return *date + hours{*h} + minutes{*m} + seconds{*s} + milliseconds{fraction_ms} - *offset;
}

std::string to_string(instant when) {
  const auto day = floor<days>(when);
  const year_month_day date{day};
  const hh_mm_ss time{when - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

} // namespace simulator
