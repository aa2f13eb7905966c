// Writes amounts so that they can be read at a glance and are still exact.
#include "policies/admission/wording.hpp"

namespace policies::admission {
namespace {

void append_padded(std::string& out, std::uint64_t value, std::size_t width) {
  const std::string digits = std::to_string(value);
  if (digits.size() < width)
    out.append(width - digits.size(), '0');
  out += digits;
}

// The magnitude, exact for the least value too.
std::uint64_t magnitude(std::int64_t n) {
  const auto bits = static_cast<std::uint64_t>(n);
  return n < 0 ? 0 - bits : bits;
}

std::string grouped(std::uint64_t n) {
  std::string text = std::to_string(n);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

} // namespace

std::string by_proxy(std::string message) {
  return message + " (refused by deepseek-proxy)";
}

std::string owner_of(const keys::key_record& member, std::size_t depth) {
  if (depth == 0)
    return "this key";
  const std::string name = member.name.empty() ? keys::to_string(member.id) : member.name;
  return (member.is_group ? "group \"" : "parent key \"") + name + "\"";
}

std::string iso_time(instant at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(at - day)};
  std::string text;
  append_padded(text, magnitude(static_cast<int>(date.year())), 4);
  text += '-';
  append_padded(text, static_cast<unsigned>(date.month()), 2);
  text += '-';
  append_padded(text, static_cast<unsigned>(date.day()), 2);
  text += 'T';
  append_padded(text, magnitude(time.hours().count()), 2);
  text += ':';
  append_padded(text, magnitude(time.minutes().count()), 2);
  text += ':';
  append_padded(text, magnitude(time.seconds().count()), 2);
  return text + 'Z';
}

std::string dollars(nano_usd amount) {
  constexpr std::uint64_t nano = 1'000'000'000;
  constexpr std::size_t decimals_min = 4;
  const std::uint64_t value = magnitude(amount.value);
  std::string decimals;
  append_padded(decimals, value % nano, 9);
  while (decimals.size() > decimals_min && decimals.back() == '0')
    decimals.pop_back();
  return (amount.value < 0 ? "-$" : "$") + grouped(value / nano) + "." + decimals;
}

std::string counted(std::int64_t n) {
  return (n < 0 ? "-" : "") + grouped(magnitude(n));
}

std::string seconds(milliseconds span) {
  const std::uint64_t hundredths = span.count() > 0 ? (magnitude(span.count()) + 9) / 10 : 0;
  std::string text = grouped(hundredths / 100) + ".";
  append_padded(text, hundredths % 100, 2);
  return text + " s";
}

} // namespace policies::admission
