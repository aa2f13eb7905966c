// + created, ~ changed, - deactivated; a line a field.
#include "proxy/cli/apply_page.hpp"

#include <ostream>

#include "proxy/cli/change_words.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

void print_step(const planned_key& step, const console& io) {
  constexpr std::string_view marks[] = {"+", "~", "-"};
  constexpr std::string_view words[] = {"created", "changed",
                                        "deactivated: the file has no such key"};
  constexpr std::string_view colours[] = {"\x1b[32m", "\x1b[33m", "\x1b[31m"};
  const auto which = static_cast<std::size_t>(step.what);
  io.out << (io.colours ? colours[which] : "") << marks[which] << " " << harmless(step.name)
         << (io.colours ? "\x1b[0m" : "") << "  " << words[which] << "\n";
  if (step.what == apply_step::deactivate)
    return;
  for (const std::string& line : change_words(step.difference))
    io.out << "    " << line << "\n";
}

} // namespace

std::string summary(const apply_plan& plan) {
  std::int64_t counts[3] = {};
  for (const planned_key& step : plan.steps)
    ++counts[static_cast<std::size_t>(step.what)];
  constexpr std::string_view words[] = {" to create, ", " to change, ", " to deactivate, "};
  std::string out;
  for (std::size_t i = 0; i < std::size(counts); ++i)
    if (counts[i] > 0)
      out += grouped(counts[i]) + std::string(words[i]);
  return out + grouped(plan.unchanged) + " unchanged";
}

void print_plan(const apply_plan& plan, const console& io) {
  for (const planned_key& step : plan.steps)
    print_step(step, io);
  io.out << (plan.steps.empty() ? "" : "\n") << summary(plan) << ".\n";
}

} // namespace proxy::cli
