// + created, ~ changed, - deactivated; a line a field.
#include "proxy/cli/apply_page.hpp"

#include <ostream>

#include "proxy/admin/json_text.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

std::string shown_value(const json::value& value) {
  if (const json::string* text = value.if_string())
    return text->empty() ? "\"\"" : harmless(*text);
  const json::array* list = value.if_array();
  if (value.is_null() || (list && list->empty()))
    return "none";
  const std::string names = joined(value);
  return harmless(names.empty() ? admin::text_of(value) : names);
}

bool is_change(const json::value& value) {
  const json::object* object = value.if_object();
  return object && object->size() == 2 && object->contains("from") && object->contains("to");
}

void print_field(const std::string& name, const json::value& value, const console& io) {
  io.out << "    " << harmless(name) << ": ";
  if (is_change(value))
    io.out << shown_value(member(value, "from")) << " -> " << shown_value(member(value, "to"));
  else
    io.out << shown_value(value);
  io.out << "\n";
}

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
  for (const auto& [name, value] : step.difference)
    if (name == "rate_limits" && value.is_object())
      for (const auto& [limit, inner] : value.get_object())
        print_field("rate_limits." + std::string(limit), inner, io);
    else
      print_field(name, value, io);
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
