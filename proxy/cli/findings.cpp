// A line a check, and under it what to do.
#include "proxy/cli/findings.hpp"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

constexpr std::string_view words[] = {"ok", "note", "problem"};
constexpr std::string_view colours[] = {"\x1b[32m", "\x1b[33m", "\x1b[31m"};

} // namespace

std::size_t findings::problems() const {
  return static_cast<std::size_t>(std::ranges::count(all_, verdict::problem, &one::how));
}

void findings::print(const session& with) const {
  if (with.json) {
    json::array checks;
    for (const one& each : all_)
      checks.push_back(
          {{"check", each.check},
           {"status", words[static_cast<std::size_t>(each.how)]},
           {"message", each.found},
           {"advice", each.to_do.empty() ? json::value(nullptr) : json::value(each.to_do)}});
    const json::object whole{{"problems", problems()}, {"checks", std::move(checks)}};
    with.io.out << json::serialize(whole) << "\n";
    return;
  }
  for (const one& each : all_) {
    const auto which = static_cast<std::size_t>(each.how);
    if (with.quiet && each.how != verdict::problem)
      continue;
    with.io.out << (with.io.colours ? colours[which] : "") << fmt::format("{:<7}", words[which])
                << (with.io.colours ? "\x1b[0m" : "")
                << fmt::format("  {:<12}  {}\n", each.check, harmless(each.found));
    if (!each.to_do.empty())
      with.io.out << fmt::format("{:<23}do: {}\n", "", harmless(each.to_do));
  }
  if (!with.quiet)
    with.io.out << (problems() == 0 ? "\nNo problem was found.\n"
                                    : fmt::format("\n{} found.\n",
                                                  problems() == 1 ? "1 problem was"
                                                                  : std::to_string(problems()) +
                                                                        " problems were"));
}

} // namespace proxy::cli
