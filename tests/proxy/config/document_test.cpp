// deploy/docs/configuration.md is the reference of the settings: it has each of them, as the table
// in proxy/config has it, and none that is not there.
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include <fmt/format.h>

#include "tests/proxy/config/support.hpp"

using namespace config_test;

namespace {

struct documented {
  std::string default_value, unit, accepts, meaning;
};

std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells;
  std::istringstream rest(row.substr(1));
  for (std::string cell; std::getline(rest, cell, '|');) {
    const std::size_t first = cell.find_first_not_of(' ');
    const std::size_t last = cell.find_last_not_of(' ');
    cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
  }
  return cells;
}

std::string without_ticks(const std::string& cell) {
  const bool ticked = cell.size() >= 2 && cell.front() == '`' && cell.back() == '`';
  return ticked ? cell.substr(1, cell.size() - 2) : cell;
}

// "section.name" -> its row.
std::map<std::string, documented> rows_of_document() {
  const char* source = std::getenv("SOURCE_DIR");
  const std::string file = std::string(source ? source : ".") + "/deploy/docs/configuration.md";
  std::ifstream in(file);
  INFO(file << ": run with SOURCE_DIR set to the root of the sources");
  REQUIRE(in);
  std::map<std::string, documented> rows;
  std::string section;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## "))
      section = line.starts_with("## [") ? line.substr(4, line.find(']') - 4) : "";
    if (section.empty() || !line.starts_with("| `"))
      continue;
    const auto cells = cells_of(line);
    INFO(line);
    REQUIRE(cells.size() == 5);
    const std::string name = section + "." + without_ticks(cells[0]);
    CHECK(rows.emplace(name, documented{without_ticks(cells[1]), cells[2], cells[3], cells[4]})
              .second);
  }
  return rows;
}

} // namespace

TEST_CASE("configuration.md: every setting is there with its default, bounds and meaning") {
  const auto rows = rows_of_document();
  const config::settings defaults;
  for (const config::setting& each : config::all_settings()) {
    const std::string name = fmt::format("{}.{}", each.section, each.name);
    INFO(name);
    const auto found = rows.find(name);
    REQUIRE(found != rows.end());
    CHECK(found->second.default_value == each.show(defaults));
    CHECK(found->second.accepts == each.accepts);
    CHECK(found->second.meaning == each.prose);
  }
}

TEST_CASE("configuration.md: nothing is there that is not a setting") {
  const auto settings = config::all_settings();
  for (const auto& [name, row] : rows_of_document()) {
    INFO(name);
    CHECK(std::ranges::any_of(settings, [&name = name](const config::setting& each) {
      return fmt::format("{}.{}", each.section, each.name) == name;
    }));
  }
}

TEST_CASE("configuration.md: a number has a unit, and its name and unit agree") {
  const config::settings defaults;
  const auto rows = rows_of_document();
  for (const config::setting& each : config::all_settings()) {
    const std::string name = fmt::format("{}.{}", each.section, each.name);
    INFO(name);
    const bool is_number = each.show(defaults).find_first_not_of("0123456789") == std::string::npos;
    const std::string& unit = rows.at(name).unit;
    CHECK((unit != "–") == is_number);
    CHECK((unit == "seconds") == each.name.ends_with("_s"));
    CHECK(unit.starts_with("bytes") == (is_number && has(std::string(each.name), "bytes")));
    CHECK((unit == "tokens") == (is_number && has(std::string(each.name), "tokens")));
  }
}
