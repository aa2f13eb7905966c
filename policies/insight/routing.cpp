// Matching, and the clock of quiet hours.
#include "policies/insight/routing.hpp"

#include <algorithm>

namespace policies::insight {
namespace {

constexpr int minutes_a_day = 24 * 60;

std::optional<int> minute_in(std::string_view text) {
  if (text.size() != 5 || text[2] != ':')
    return std::nullopt;
  for (const std::size_t at : {0u, 1u, 3u, 4u})
    if (text[at] < '0' || text[at] > '9')
      return std::nullopt;
  const int hours = (text[0] - '0') * 10 + text[1] - '0';
  const int minutes = (text[3] - '0') * 10 + text[4] - '0';
  return hours < 24 && minutes < 60 ? std::optional{hours * 60 + minutes} : std::nullopt;
}

std::string two(int value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

} // namespace

std::optional<quiet_hours> parse_quiet_hours(std::string_view text) {
  if (text.size() != 11 || text[5] != '-')
    return std::nullopt;
  const auto from = minute_in(text.substr(0, 5)), until = minute_in(text.substr(6));
  if (!from || !until || *from == *until)
    return std::nullopt;
  return quiet_hours{*from, *until};
}

std::string to_string(const quiet_hours& of) {
  return two(of.from / 60) + ":" + two(of.from % 60) + "-" + two(of.until / 60) + ":" +
         two(of.until % 60);
}

bool wants(const routing& of, severity how, const std::vector<std::string>& key_names) {
  if (how < of.least)
    return false;
  return of.keys.empty() || std::ranges::any_of(key_names, [&](const std::string& name) {
           return std::ranges::find(of.keys, name) != of.keys.end();
         });
}

std::optional<instant> held_until(const routing& of, severity how, instant now) {
  if (!of.quiet || how >= of.passes_quiet)
    return std::nullopt;
  const auto today = std::chrono::floor<std::chrono::days>(now);
  const auto minute =
      static_cast<int>(std::chrono::floor<std::chrono::minutes>(now - today).count());
  const int length = (of.quiet->until - of.quiet->from + minutes_a_day) % minutes_a_day;
  const int gone = (minute - of.quiet->from + minutes_a_day) % minutes_a_day;
  if (gone >= length)
    return std::nullopt;
  return instant{today} + std::chrono::minutes{minute + length - gone};
}

milliseconds pause_after(int failures, milliseconds longest) {
  constexpr int doublings_max = 20;
  return std::min(longest, milliseconds{1000} * (1 << std::min(failures - 1, doublings_max)));
}

} // namespace policies::insight
