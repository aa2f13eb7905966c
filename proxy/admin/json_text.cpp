// Writing JSON with to_chars for numbers, and the calendar by <chrono>.
#include "proxy/admin/json_text.hpp"

#include <charconv>
#include <cmath>

namespace proxy::admin {
namespace {

namespace json = boost::json;
using policies::instant;

void write(std::string& out, const json::value& value);

void write_double(std::string& out, double value) {
  char digits[40];
  const double size = std::abs(value);
  const bool plain = size == 0 || (size >= 1e-9 && size < 1e15); // every amount of money is
  const auto end =
      plain
          ? std::to_chars(std::begin(digits), std::end(digits), value, std::chars_format::fixed)
          : std::to_chars(std::begin(digits), std::end(digits), std::isfinite(value) ? value : 0.0);
  out.append(digits, end.ptr);
}

void write_object(std::string& out, const json::object& object) {
  char before = '{';
  for (const auto& [name, member] : object) {
    out += before;
    out += json::serialize(json::string_view(name));
    out += ':';
    write(out, member);
    before = ',';
  }
  out += object.empty() ? "{}" : "}";
}

void write(std::string& out, const json::value& value) {
  if (const auto* object = value.if_object())
    return write_object(out, *object);
  if (const auto* number = value.if_double())
    return write_double(out, *number);
  const auto* array = value.if_array();
  if (!array) {
    out += json::serialize(value);
    return;
  }
  out += '[';
  for (std::size_t i = 0; i < array->size(); ++i) {
    if (i > 0)
      out += ',';
    write(out, (*array)[i]);
  }
  out += ']';
}

// Exactly `count` digits off the front.
std::optional<int> digits(std::string_view& text, std::size_t count) {
  int value = 0;
  if (text.size() < count || text.substr(0, count).find_first_not_of("0123456789") != text.npos)
    return std::nullopt;
  std::from_chars(text.data(), text.data() + count, value);
  text.remove_prefix(count);
  return value;
}

bool skip(std::string_view& text, std::string_view one_of) {
  if (text.empty() || one_of.find(text.front()) == one_of.npos)
    return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::sys_days> read_day(std::string_view& text) {
  const auto year = digits(text, 4);
  const bool first = skip(text, "-");
  const auto month = digits(text, 2);
  const bool second = skip(text, "-");
  const auto day = digits(text, 2);
  if (!year || !first || !month || !second || !day || *year < 1970)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  return date.ok() ? std::optional{std::chrono::sys_days{date}} : std::nullopt;
}

std::optional<policies::milliseconds> read_time(std::string_view& text) {
  const auto hour = digits(text, 2);
  const bool first = skip(text, ":");
  const auto minute = digits(text, 2);
  const bool second_colon = skip(text, ":");
  const auto second = digits(text, 2);
  if (!hour || !first || !minute || !second_colon || !second || *hour > 23 || *minute > 59 ||
      *second > 60)
    return std::nullopt;
  int ms = 0;
  if (skip(text, ".")) {
    const std::size_t length = std::min(text.find_first_not_of("0123456789"), text.size());
    if (length == 0)
      return std::nullopt;
    for (std::size_t i = 0; i < 3; ++i)
      ms = ms * 10 + (i < length ? text[i] - '0' : 0);
    text.remove_prefix(length);
  }
  return policies::milliseconds{((*hour * 60 + *minute) * 60 + *second) * 1000 + ms};
}

std::optional<std::chrono::minutes> read_offset(std::string_view text) {
  if (text == "Z" || text == "z")
    return std::chrono::minutes{0};
  const bool west = text.starts_with('-');
  if (!skip(text, "+-"))
    return std::nullopt;
  const auto hour = digits(text, 2);
  const bool colon = skip(text, ":");
  const auto minute = digits(text, 2);
  if (!hour || !colon || !minute || !text.empty() || *hour > 23 || *minute > 59)
    return std::nullopt;
  const std::chrono::minutes offset{*hour * 60 + *minute};
  return west ? -offset : offset;
}

} // namespace

bool is_unseen(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.size() < 3)
    return false;
  if (at(0) == 0xEF)
    return at(1) == 0xBB && at(2) == 0xBF;
  if (at(0) != 0xE2)
    return false;
  return (at(1) == 0x80 &&
          ((at(2) >= 0x8B && at(2) <= 0x8F) || (at(2) >= 0xA8 && at(2) <= 0xAE))) ||
         (at(1) == 0x81 && at(2) >= 0xA0 && at(2) <= 0xAF);
}

std::string text_of(const json::value& value) {
  std::string out;
  write(out, value);
  return out;
}

std::string text_of(const json::object& value) {
  std::string out;
  write_object(out, value);
  return out;
}

double usd(policies::nano_usd amount) {
  return static_cast<double>(amount.value) / 1e9;
}

json::value usd_or_null(const std::optional<policies::nano_usd>& amount) {
  return amount ? json::value(usd(*amount)) : json::value(nullptr);
}

std::string rfc3339(instant at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  std::string out =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  time.hours().count(), time.minutes().count(), time.seconds().count());
  if (time.subseconds().count() != 0)
    out += fmt::format(".{:03}", time.subseconds().count());
  return out + "Z";
}

json::value rfc3339_or_null(const std::optional<instant>& at) {
  return at ? json::value(rfc3339(*at)) : json::value(nullptr);
}

std::optional<instant> parse_rfc3339(std::string_view text) {
  const auto day = read_day(text);
  if (!day || !skip(text, "Tt "))
    return std::nullopt;
  const auto time = read_time(text);
  const auto offset = time ? read_offset(text) : std::nullopt;
  if (!offset)
    return std::nullopt;
  return instant{*day} + *time - *offset;
}

std::string shown(std::string_view text) {
  constexpr std::size_t bytes_max = 80;
  std::size_t length = std::min(text.size(), bytes_max);
  while (length < text.size() && length > 0 && (text[length] & 0xC0) == 0x80)
    --length;
  std::string out{text.substr(0, length)};
  bool ascii = true;
  for (char& c : out) {
    ascii = ascii && static_cast<unsigned char>(c) < 0x80;
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = '?';
  }
  if (length < text.size())
    out += ascii ? "..." : "…";
  return out;
}

} // namespace proxy::admin
