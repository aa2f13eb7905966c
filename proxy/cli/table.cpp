// Columns as wide as what stands in them.
#include "proxy/cli/table.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>

#include <fmt/format.h>

#include "proxy/admin/json_text.hpp"

namespace proxy::cli {
namespace {

// Characters, not bytes.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string_view colour_of(std::string_view cell) {
  if (cell == "active")
    return "\x1b[32m";
  if (cell == "inactive")
    return "\x1b[33m";
  if (cell == "expired" || cell == "deleted")
    return "\x1b[31m";
  return {};
}

} // namespace

std::string harmless(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1)
      ++i;
    const bool unseen = admin::is_unseen(text.substr(i));
    if (unseen)
      i += 2;
    out += c1 || unseen || byte < 0x20 || byte == 0x7F ? '?' : text[i];
  }
  return out;
}

void table::print(std::ostream& out, bool colours) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = width(columns_[i].title);
    for (const auto& cells : rows_)
      widest = std::max(widest, width(cells[i]));
    widths.push_back(widest);
  }
  const auto line = [&](const auto& cell_at, bool paint) {
    std::string text;
    std::size_t owed = 0; // blanks that stand before the next cell
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_at(i);
      const std::size_t room = widths[i] - width(cell);
      const std::string_view colour = paint ? colour_of(cell) : std::string_view{};
      text.append(owed + (columns_[i].right ? room : 0), ' ');
      text += colour;
      text += cell;
      text += colour.empty() ? "" : "\x1b[0m";
      owed = 2 + (columns_[i].right ? 0 : room);
    }
    out << text << "\n";
  };
  line([&](std::size_t i) -> const std::string& { return columns_[i].title; }, false);
  for (const auto& cells : rows_)
    line([&](std::size_t i) -> const std::string& { return cells[i]; }, colours);
}

std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string dollars(double amount) {
  std::string text = fmt::format("{:.9f}", std::abs(amount));
  const std::size_t shortest = text.size() - 5;
  while (text.size() > shortest && text.back() == '0')
    text.pop_back();
  return (amount < 0 ? "-$" : "$") + text;
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", share * 100);
}

} // namespace proxy::cli
