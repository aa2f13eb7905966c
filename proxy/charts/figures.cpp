// Numbers as people read them, and text as markup takes it.
#include <cmath>

#include <fmt/format.h>

#include "proxy/charts/charts.hpp"

namespace proxy::charts {
namespace {

std::string with_commas(std::int64_t value) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  for (std::size_t at = digits.size(); at > 3;)
    digits.insert(at -= 3, ",");
  return value < 0 ? "-" + digits : digits;
}

std::string short_count(double value) {
  if (value < 100'000)
    return with_commas(std::llround(value));
  if (value < 1e6)
    return fmt::format("{:.0f}k", value / 1e3);
  if (value < 1e9)
    return fmt::format("{:.2f}M", value / 1e6);
  return fmt::format("{:.2f}G", value / 1e9);
}

std::string money(double value) {
  if (value >= 1000)
    return "$" + with_commas(std::llround(value));
  if (value >= 0.01 || value == 0)
    return fmt::format("${:.2f}", value);
  return fmt::format("${:.6f}", value);
}

} // namespace

std::string text_of(double value, unit of) {
  switch (of) {
  case unit::dollars:
    return money(value);
  case unit::percent:
    return fmt::format("{:.1f} %", value * 100);
  default:
    return short_count(value);
  }
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t')
      out += ' '; // XML has no other control characters
    else
      out += c;
  }
  return out;
}

std::array<chart, 4> guide_charts(std::span<const period_sums> periods, std::string_view every) {
  const std::string prefix = std::string(every) + " ";
  std::array<chart, 4> out{chart{prefix + "requests", shape::line, unit::count, "#2563eb", {}},
                           chart{prefix + "token usage", shape::line, unit::count, "#7c3aed", {}},
                           chart{prefix + "cost", shape::bar, unit::dollars, "#0d9488", {}},
                           chart{"Error rate", shape::line, unit::percent, "#dc2626", {}}};
  for (const period_sums& each : periods) {
    const double rate = each.requests == 0
                            ? 0
                            : static_cast<double>(each.errors) / static_cast<double>(each.requests);
    out[0].points.push_back({each.label, static_cast<double>(each.requests)});
    out[1].points.push_back({each.label, static_cast<double>(each.tokens)});
    out[2].points.push_back({each.label, static_cast<double>(each.cost_nano) / 1e9});
    out[3].points.push_back({each.label, rate});
  }
  return out;
}

} // namespace proxy::charts
